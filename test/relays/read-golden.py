"""What Python's email package reads in the golden messages, as JSON (see golden.test.ts).

Standard input is a JSON array of messages in base64. The form is `Reading` of test/mail/reading.ts, and
what the package found wrong beside it.
"""

import base64
import hashlib
import json
import re
import sys
from datetime import timezone
from email import message_from_bytes, policy

KNOWN = "from sender reply-to to cc subject date message-id in-reply-to references mime-version".split()


def mailboxes(field):
    addresses = field.addresses if field is not None else ()
    return [f"{one.display_name} <{one.addr_spec}>" for one in addresses]


def unflowed(text):
    """RFC 3676 section 4: lines of the same quote depth are joined behind a space."""
    paragraphs = []
    is_open = False
    depth = 0
    for line in text.splitlines():
        marks, content = re.fullmatch("(>*)(.*)", line).groups()
        content = content.removeprefix(" ")
        if is_open and len(marks) == depth:
            paragraphs[-1] += content
        else:
            paragraphs.append(f"{marks} {content}" if marks and content else marks + content)
        is_open = content.endswith(" ") and content != "-- "
        depth = len(marks)
    return "\n".join(paragraphs)


def text(part):
    if part is None:
        return ""
    content = part.get_content()
    return unflowed(content) if part.get_param("format") == "flowed" else content


def file(part):
    if part.get_content_type() == "message/rfc822":
        octets = part.get_content().as_bytes(policy=policy.SMTPUTF8.clone(refold_source="none"))
    else:
        octets = part.get_payload(decode=True)
    return {
        "filename": part.get_filename() or "",
        "disposition": part.get_content_disposition() or "",
        "contentId": str(part["content-id"] or "").strip("<>"),
        "type": part.get_content_type(),
        "sha256": hashlib.sha256(octets).hexdigest(),
    }


def leaves(part):
    """All parts that are not multiparts, without those of attached messages."""
    if part.get_content_maintype() != "multipart":
        return [part]
    return [leaf for child in part.iter_parts() for leaf in leaves(child)]


def reading(message):
    plain = message.get_body(("plain",))
    html = message.get_body(("html",))
    parts = list(message.walk())
    defects = [repr(defect) for part in parts for defect in part.defects]
    defects += [
        repr(defect) for part in parts for value in part.values() for defect in value.defects
    ]
    others = [
        f"{name.lower()}: {value}"
        for name, value in message.items()
        if name.lower() not in KNOWN and not name.lower().startswith("content-")
    ]
    return {
        "from": mailboxes(message["from"]),
        "sender": mailboxes(message["sender"]),
        "replyTo": mailboxes(message["reply-to"]),
        "to": mailboxes(message["to"]),
        "cc": mailboxes(message["cc"]),
        "subject": str(message["subject"]),
        "date": message["date"].datetime.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "messageId": str(message["message-id"]),
        "inReplyTo": str(message["in-reply-to"] or ""),
        "references": str(message["references"] or ""),
        "others": others,
        "text": text(plain),
        "html": text(html),
        "files": [file(part) for part in leaves(message) if part not in (plain, html)],
        "defects": defects,
    }


messages = [base64.b64decode(message) for message in json.load(sys.stdin)]
json.dump([reading(message_from_bytes(one, policy=policy.default)) for one in messages], sys.stdout)
