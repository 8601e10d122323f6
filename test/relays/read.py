"""What Python's email package reads in messages, as JSON (see readers.ts).

Standard input is a JSON array of messages in base64.
"""

import base64
import hashlib
import json
import sys
from email import message_from_bytes, policy


def mailboxes(field):
    addresses = field.addresses if field is not None else ()
    return [{"name": one.display_name, "address": one.addr_spec} for one in addresses]


def text(part):
    return None if part is None else part.get_content()


def attachment(part):
    content = part.get_content()
    octets = content.encode() if isinstance(content, str) else content
    return {
        "filename": part.get_filename(),
        "type": part.get_content_type(),
        "sha256": hashlib.sha256(octets).hexdigest(),
    }


def reading(message):
    parts = list(message.walk())
    defects = [repr(defect) for part in parts for defect in part.defects]
    defects += [
        repr(defect) for part in parts for value in part.values() for defect in value.defects
    ]
    return {
        "from": mailboxes(message["from"]),
        "to": mailboxes(message["to"]),
        "cc": mailboxes(message["cc"]),
        "subject": str(message["subject"]),
        "text": text(message.get_body(("plain",))),
        "html": text(message.get_body(("html",))),
        "attachments": [attachment(part) for part in parts if part.get_filename() is not None],
        "defects": defects,
    }


messages = [base64.b64decode(message) for message in json.load(sys.stdin)]
json.dump([reading(message_from_bytes(one, policy=policy.SMTPUTF8)) for one in messages], sys.stdout)
