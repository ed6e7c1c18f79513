// What Lambda's runtime for Node does: loads the handler, and takes events from the runtime API.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
import { request } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { AWS_LAMBDA_RUNTIME_API, LAMBDA_TASK_ROOT, _HANDLER } = process.env;
const [file, name] = _HANDLER.split('.');
const { [name]: handler } = await import(pathToFileURL(join(LAMBDA_TASK_ROOT, `${file}.mjs`)).href);

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const [host, port] = AWS_LAMBDA_RUNTIME_API.split(':');
    const sent = request({ host, port, method, path: `/2018-06-01/runtime/invocation/${path}` }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      answer.on('end', () => resolve({ headers: answer.headers, text }));
    });
    sent.on('error', reject).end(body);
  });
}

for (;;) {
  const { headers, text } = await call('GET', 'next');
  const id = headers['lambda-runtime-aws-request-id'];
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const context = { awsRequestId: id, getRemainingTimeInMillis: () => deadline - Date.now() };
  try {
    const result = await handler(JSON.parse(text), context);
    await call('POST', `${id}/response`, JSON.stringify(result ?? null));
  } catch (error) {
    await call(
      'POST',
      `${id}/error`,
      JSON.stringify({ errorType: error?.name, errorMessage: String(error) }),
    );
  }
}
