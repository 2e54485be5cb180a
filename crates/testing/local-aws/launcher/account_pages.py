"""GetAccountAuthorizationDetails in pages, as IAM answers it.

MiniStack answers with the whole account at once, without dates of versions, boundaries, counts and
AWS managed policies. IAM (API Reference, "GetAccountAuthorizationDetails"):

- a page has `MaxItems` entries at most (1 to 1,000, and 100 if it is not given), counted over all
  four lists; `Marker` says where the next page begins;
- each entry has all that IAM knows of it; every document is percent-encoded;
- a policy comes with all its versions; an AWS managed one is in the account only where it is
  attached or somebody's boundary;
- `Filter` takes several of the five kinds of entries, and all of them if it is not given.

AWS's own policies are years old, whenever the emulator was started.

The order, which IAM does not promise: users, groups, roles, own policies, AWS managed ones, each by
name. The marker names the last entry, so that a page loses nothing when an earlier entry goes.
"""

import base64
import collections
import json
from urllib.parse import quote
from xml.sax.saxutils import escape

from ministack.services import iam
from private_names import need, replace

KINDS = ("User", "Group", "Role", "LocalManagedPolicy", "AWSManagedPolicy")
# The list of the answer that the entries of a kind are in.
LISTS = {"User": "UserDetailList", "Group": "GroupDetailList", "Role": "RoleDetailList"}
POLICIES = "Policies"
MOST_ITEMS, USUAL_ITEMS = 1000, 100
ACTION = "GetAccountAuthorizationDetails"
# When AWS made the first of its policies.
LONG_AGO = "2015-02-06T18:39:46Z"


def attach() -> None:
    """Replaces the call; raises MissingName when the emulator is not the expected one."""
    stores = ("_users", "_groups", "_roles", "_policies", "_instance_profiles", "_aws_managed_policies")
    for name in (*stores, "_user_inline_policies", "_group_inline_policies", "_p", "_error", "_xml"):
        need(iam, name)
    need(iam, "_instance_profile_xml"), need(iam, "_lookup_policy")
    need(iam, "_IAM_HANDLERS")[ACTION] = answer
    _age_the_policies_of_aws()


def _age_the_policies_of_aws():
    def record(*arguments, **named):
        return aged(original(*arguments, **named))

    def aged(policy):
        for dated in (policy, *policy["Versions"].values()):
            dated["CreateDate"] = LONG_AGO
        policy["UpdateDate"] = LONG_AGO
        return policy

    original = replace(iam, "_make_aws_managed_record", record)
    for policy in iam._aws_managed_policies.values():
        aged(policy)


def answer(parameters):
    kinds, size, after, refusal = _asked(parameters)
    if refusal:
        return iam._error(400, "ValidationError", refusal, ns="iam")
    account = _Account()
    entries = sorted((KINDS.index(kind), name) for kind in set(kinds) for name in account.names(kind))
    rest = [entry for entry in entries if after is None or entry > after]
    page, is_truncated = rest[:size], len(rest) > size
    lists = {name: [] for name in (*LISTS.values(), POLICIES)}
    for number, name in page:
        lists[LISTS.get(KINDS[number], POLICIES)].append(account.entry(KINDS[number], name))
    inner = "".join(_list(name, entries) for name, entries in lists.items())
    inner += _texts(IsTruncated="true" if is_truncated else "false")
    if is_truncated:
        inner += _texts(Marker=base64.urlsafe_b64encode(json.dumps(page[-1]).encode()).decode())
    return iam._xml(200, f"{ACTION}Response", f"<{ACTION}Result>{inner}</{ACTION}Result>", ns="iam")


def _asked(parameters):
    """The kinds, the size of the page, the entry before it, and why IAM would refuse."""
    kinds = []
    while kind := iam._p(parameters, f"Filter.member.{len(kinds) + 1}"):
        kinds.append(kind)
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        return None, None, None, _invalid(unknown[0], "filter", f"enum value set: [{', '.join(KINDS)}]")
    size = iam._p(parameters, "MaxItems") or str(USUAL_ITEMS)
    if not size.isdigit() or not 1 <= int(size) <= MOST_ITEMS:
        return None, None, None, _invalid(size, "maxItems", f"value between 1 and {MOST_ITEMS}")
    after = None
    if marker := iam._p(parameters, "Marker"):
        try:
            number, name = json.loads(base64.urlsafe_b64decode(marker))
            after = (int(number), str(name))
        except (ValueError, TypeError):
            return None, None, None, "Invalid Marker."
    return kinds or KINDS, int(size), after, None


def _invalid(value, member, constraint):
    return (
        f"1 validation error detected: Value '{escape(value)}' at '{member}' failed to satisfy constraint: "
        f"Member must satisfy {constraint}"
    )


class _Account:
    """The account of the call, with what has to be counted over all of it."""

    def __init__(self):
        self.attached, self.bounding = collections.Counter(), collections.Counter()
        for owners in (iam._users, iam._groups, iam._roles):
            for owner in owners.values():
                self.attached.update(owner.get("AttachedPolicies") or [])
                if boundary := owner.get("PermissionsBoundary"):
                    self.bounding[boundary] += 1
        self.groups = collections.defaultdict(list)
        for name in sorted(iam._groups):
            for user in iam._groups[name].get("Users", []):
                self.groups[user].append(name)
        self.profiles = collections.defaultdict(list)
        for name in sorted(iam._instance_profiles):
            for role in iam._instance_profiles[name].get("Roles", []):
                self.profiles[role].append(name)

    def names(self, kind):
        """What names the entries of a kind; of policies their ARNs."""
        if kind == "AWSManagedPolicy":
            used = set(self.attached) | set(self.bounding)
            return [arn for arn in used if arn not in iam._policies and iam._lookup_policy(arn)]
        own = {"User": iam._users, "Group": iam._groups, "Role": iam._roles, "LocalManagedPolicy": iam._policies}
        return list(own[kind])

    def entry(self, kind, name):
        return {"User": self.user, "Group": self.group, "Role": self.role}.get(kind, self.policy)(name)

    def user(self, name):
        user = iam._users[name]
        return (
            _owner("User", user, iam._user_inline_policies.get(name))
            + _list("GroupList", map(escape, self.groups[name]))
            + _boundary(user)
            + _tags(user)
        )

    def group(self, name):
        return _owner("Group", iam._groups[name], iam._group_inline_policies.get(name))

    def role(self, name):
        role = iam._roles[name]
        return (
            _owner("Role", role, role.get("InlinePolicies"))
            + _texts(AssumeRolePolicyDocument=_encoded(role.get("AssumeRolePolicyDocument")))
            + _list("InstanceProfileList", map(iam._instance_profile_xml, self.profiles[name]))
            + _boundary(role)
            + _tags(role)
            + "<RoleLastUsed></RoleLastUsed>"
        )

    def policy(self, arn):
        policy = iam._lookup_policy(arn)
        # IAM shows the newest version first.
        versions = sorted(policy["Versions"].values(), key=lambda it: -int(it["VersionId"][1:]))
        return (
            _texts(
                PolicyName=policy["PolicyName"],
                PolicyId=policy["PolicyId"],
                Arn=arn,
                Path=policy.get("Path") or "/",
                DefaultVersionId=policy["DefaultVersionId"],
                AttachmentCount=str(self.attached[arn]),
                PermissionsBoundaryUsageCount=str(self.bounding[arn]),
                IsAttachable="true",
                CreateDate=policy["CreateDate"],
                UpdateDate=policy.get("UpdateDate") or policy["CreateDate"],
            )
            + _list("PolicyVersionList", (_version(version, policy) for version in versions))
        )


def _owner(kind, owner, inline):
    """What users, groups and roles have in common."""
    policies = (_texts(PolicyName=name, PolicyDocument=_encoded(text)) for name, text in sorted((inline or {}).items()))
    attached = (_attached(arn) for arn in owner.get("AttachedPolicies") or [])
    members = ("Path", f"{kind}Name", f"{kind}Id", "Arn", "CreateDate")
    return (
        _texts(**{member: owner[member] for member in members})
        + _list(f"{kind}PolicyList", policies)
        + _list("AttachedManagedPolicies", attached)
    )


def _attached(arn):
    # AWS has more managed policies than the emulator knows; they can be attached all the same.
    return _texts(PolicyName=arn.rpartition("/")[2], PolicyArn=arn)


def _version(version, policy):
    return _texts(
        Document=_encoded(version.get("Document")),
        VersionId=version["VersionId"],
        IsDefaultVersion="true" if version["VersionId"] == policy["DefaultVersionId"] else "false",
        CreateDate=version.get("CreateDate") or policy["CreateDate"],
    )


def _boundary(owner):
    if not owner.get("PermissionsBoundary"):
        return ""
    inner = _texts(
        PermissionsBoundaryType="PermissionsBoundaryPolicy", PermissionsBoundaryArn=owner["PermissionsBoundary"]
    )
    return f"<PermissionsBoundary>{inner}</PermissionsBoundary>"


def _tags(owner):
    return _list("Tags", (_texts(Key=tag["Key"], Value=tag["Value"]) for tag in owner.get("Tags") or []))


def _encoded(document):
    text = document if isinstance(document, str) else json.dumps(document or {})
    return quote(text, safe="")


def _list(name, members):
    return f"<{name}>{''.join(f'<member>{member}</member>' for member in members)}</{name}>"


def _texts(**members):
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in members.items())
