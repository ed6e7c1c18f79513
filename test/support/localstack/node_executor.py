"""Runs the functions of a LocalStack without Docker: each environment is a Node process that asks a Lambda Runtime API for its events.

LocalStack finds the class as a plugin by its entry point (see local-stack.ts) and is told to use it by LAMBDA_RUNTIME_EXECUTOR.
"""

import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue

from localstack import config
from localstack.services.lambda_.invocation.lambda_models import InvocationResult
from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import LambdaRuntimeException, RuntimeExecutor

HOST = "127.0.0.1"
FUNCTION_PROCESS = Path(__file__).with_name("function-process.mjs")

# Where the code of each hash is.
UNPACKED: dict[str, Path] = {}
UNPACKING = threading.Lock()


class NodeExecutorPlugin(RuntimeExecutorPlugin):
    name = "node"

    def load(self, *args, **kwargs):
        return NodeRuntimeExecutor


class Answer:
    """What is still to come: an answer of the function, or the end of its process."""

    def __init__(self):
        self.there = threading.Event()
        self.payload = b""
        self.is_error = False

    def give(self, payload: bytes, is_error: bool) -> None:
        if self.there.is_set():
            return
        self.payload, self.is_error = payload, is_error
        self.there.set()

    def fail(self, error_type: str, message: str) -> None:
        self.give(json.dumps({"errorType": error_type, "errorMessage": message}).encode(), True)


class RuntimeApiHandler(BaseHTTPRequestHandler):
    """https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, as far as function-process.mjs uses it."""

    def do_GET(self):
        event = self.server.process.events.get()
        if event is None:
            return
        headers = {
            "Lambda-Runtime-Aws-Request-Id": event["invoke-id"],
            "Lambda-Runtime-Invoked-Function-Arn": event["invoked-function-arn"],
            "Lambda-Runtime-Trace-Id": event["trace-id"],
            "Lambda-Runtime-Deadline-Ms": str(event["deadline"]),
        }
        self.__answer(200, event["payload"].encode(), headers)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        is_error = self.path.endswith("/error")
        self.server.process.answer.give(body, is_error)
        self.__answer(202)

    def __answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class FunctionProcess:
    """A Node process with its Runtime API."""

    def __init__(self, root: Path, variables: dict[str, str]):
        self.events: Queue = Queue()
        self.answer = Answer()
        self.lines: list[str] = []
        self.printed = threading.Condition()
        self.folder = tempfile.mkdtemp(prefix="function-")
        self.api = ThreadingHTTPServer((HOST, 0), RuntimeApiHandler)
        self.api.daemon_threads = True
        self.api.process = self
        threading.Thread(target=self.api.serve_forever, daemon=True).start()
        node = shutil.which("node")
        if node is None:
            raise LambdaRuntimeException("There is no node on PATH.")
        self.process = subprocess.Popen(
            [node, str(FUNCTION_PROCESS)],
            cwd=root,
            env={
                **{name: str(value) for name, value in variables.items()},
                "PATH": os.environ["PATH"],
                "TMPDIR": self.folder,
                "LAMBDA_TASK_ROOT": str(root),
                "AWS_LAMBDA_RUNTIME_API": f"{HOST}:{self.api.server_port}",
                "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs24.x",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        threading.Thread(target=self.__read, daemon=True).start()

    def __read(self):
        for line in self.process.stdout:
            with self.printed:
                self.lines.append(line)
                self.printed.notify_all()
        code = self.process.wait()
        self.answer.fail("Runtime.ExitError", f"Error: Runtime exited with error: exit status {code}")
        with self.printed:
            self.printed.notify_all()

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def invoke(self, event: dict, timeout_seconds: float) -> Answer:
        self.answer = answer = Answer()
        if not self.is_alive():
            answer.fail("Runtime.ExitError", "The process has ended.")
        self.events.put(event)
        if not answer.there.wait(timeout_seconds):
            # What it prints last belongs to this event, so it is ended before the log is taken.
            self.process.kill()
            answer.fail("Sandbox.Timedout", f"Error: Task timed out after {timeout_seconds:.2f} seconds")
        return answer

    def take_log(self, last_line: str) -> str:
        """Everything that was printed since the last time, up to a line that the process prints before it answers."""
        with self.printed:
            self.printed.wait_for(lambda: not self.is_alive() or last_line in self.lines, 2)
            taken, self.lines = self.lines, []
        return "".join(taken)

    def stop(self):
        self.process.kill()
        self.process.wait()
        # A process that waits for an event has died; the thread that would answer it has not.
        self.events.put(None)
        self.api.shutdown()
        self.api.server_close()
        shutil.rmtree(self.folder, ignore_errors=True)


class NodeRuntimeExecutor(RuntimeExecutor):
    def __init__(self, id, function_version):
        super().__init__(id, function_version)
        self.variables: dict[str, str] = {}
        self.process: FunctionProcess | None = None

    def start(self, env_vars):
        self.variables = env_vars
        self.process = self.__new_process()

    def __new_process(self) -> FunctionProcess:
        return FunctionProcess(UNPACKED[self.function_version.config.code.code_sha256], self.variables)

    def stop(self):
        if self.process:
            self.process.stop()

    def invoke(self, payload):
        # As in Lambda: a process that was killed is replaced for the next event.
        if not self.process.is_alive():
            self.process.stop()
            self.process = self.__new_process()
        timeout = self.function_version.config.timeout
        request_id = payload["invoke-id"]
        started = time.time()
        answer = self.process.invoke({**payload, "deadline": int((started + timeout) * 1000)}, timeout)
        log = self.process.take_log(f"END RequestId: {request_id}\n")
        log += f"REPORT RequestId: {request_id}\tDuration: {(time.time() - started) * 1000:.2f} ms\n"
        return InvocationResult(request_id, answer.payload, answer.is_error, logs=log)

    def get_logs(self):
        return "".join(self.process.lines) if self.process else ""

    def get_address(self):
        return HOST

    def get_endpoint_from_executor(self):
        return HOST

    def get_runtime_endpoint(self):
        return f"http://{HOST}:{config.GATEWAY_LISTEN[0].port}/_localstack_lambda/{self.id}"

    @classmethod
    def prepare_version(cls, function_version):
        # Most functions of a stack have the same code, of 100 MB and more: it is unpacked once.
        code = function_version.config.code
        with UNPACKING:
            if code.code_sha256 not in UNPACKED:
                code.prepare_for_execution()
                root = Path(tempfile.mkdtemp(prefix="code-")) / "task"
                code.get_unzipped_code_location().rename(root)
                UNPACKED[code.code_sha256] = root

    @classmethod
    def cleanup_version(cls, function_version):
        pass
