"""What cfn-lint, with the specifications of CloudFormation and SAM's own translator, has against each template."""

import json
import pathlib
import sys

from cfnlint.api import lint_all

answers = []
for name in sys.argv[1:]:
    found = []
    for match in lint_all(pathlib.Path(name).read_text()):
        if match.rule.id.startswith("E"):
            path = [str(part) for part in getattr(match, "path", None) or []]
            found.append({"rule": match.rule.id, "line": match.linenumber, "path": path, "message": match.message})
    answers.append(found)
print(json.dumps(answers))
