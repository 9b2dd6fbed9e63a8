"""Deploys the template as the README says, to the AWS that plays on this machine, and prints what came to be as JSON.

deploy.py ADDRESS TEMPLATE FOLDER: FOLDER holds the package's files; parameters come as NAME=VALUE behind it.
"""

import json
import re
import sys
import time
import zipfile
from pathlib import Path

import boto3

address, template, folder, *pairs = sys.argv[1:]
keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}


def client(service):
    return boto3.client(service, endpoint_url=address, **keys)


package = Path(folder) / "standin-function.zip"
with zipfile.ZipFile(package, "w", zipfile.ZIP_STORED) as archive:
    for name, mode in (("bootstrap", 0o755), ("mesh.json", 0o644)):
        info = zipfile.ZipInfo(name)
        info.external_attr = (0o100000 | mode) << 16
        archive.writestr(info, (Path(folder) / name).read_bytes())

s3 = client("s3")
s3.create_bucket(Bucket="packages")
s3.upload_file(str(package), "packages", package.name)

# The AWS of this machine has no providers of tokens: the role is made for one that the account has already.
text = Path(template).read_text()
text, cut = re.subn(r"  GithubTokens:\n(    .*\n)+", "", text)
assert cut == 1, "the provider stands elsewhere in the template"
text = text.replace("!If [MakesProvider, !Ref GithubTokens, !Ref GithubProvider]", "!Ref GithubProvider")

parameters = {"CodeBucket": "packages", **dict(pair.split("=", 1) for pair in pairs)}
stacks = client("cloudformation")
stacks.create_stack(
    StackName="standin",
    TemplateBody=text,
    Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
    Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
)
for _ in range(120):
    stack = stacks.describe_stacks(StackName="standin")["Stacks"][0]
    if "PROGRESS" not in stack["StackStatus"]:
        break
    time.sleep(0.25)
resources = stacks.describe_stack_resources(StackName="standin")["StackResources"]
print(
    json.dumps(
        {
            "status": stack["StackStatus"],
            "reason": stack.get("StackStatusReason"),
            "outputs": {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])},
            "resources": {r["LogicalResourceId"]: [r["ResourceType"], r.get("PhysicalResourceId")] for r in resources},
        }
    )
)
