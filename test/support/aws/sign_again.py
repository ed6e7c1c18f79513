"""Signs a received request once more with botocore, AWS's own SDK for Python.

stdin: JSON {method, url, headers, body, secret}; stdout: the signature that the request should have.
"""
import json
import re
import sys

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

received = json.load(sys.stdin)
headers = received["headers"]
authorization = headers["authorization"]
key, date, region, service = re.search(r"Credential=([^/]+)/(\d+)/([^/]+)/([^/]+)/aws4_request", authorization).groups()
signed = re.search(r"SignedHeaders=([^,]+)", authorization).group(1).split(";")
request = AWSRequest(
    method=received["method"],
    url=received["url"],
    data=received["body"].encode(),
    headers={name: headers[name] for name in signed},
)
request.context["timestamp"] = headers["x-amz-date"]
signer = SigV4Auth(Credentials(key, received["secret"]), service, region)
canonical = signer.canonical_request(request)
print(signer.signature(signer.string_to_sign(request, canonical), request))
