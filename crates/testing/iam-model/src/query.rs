//! The query protocol: a form in, an XML document out.

use crate::account_pages;
use crate::owner::no_such_inline;
use crate::xml::Xml;
use crate::{Account, IamError, OwnerKind, Policy, PolicyVersion};

/// A call: its name and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) action: String,
    parameters: Vec<(String, String)>,
}

/// The answer of a call.
pub(crate) type CallResult = Result<Xml, IamError>;

impl Call {
    pub(crate) fn parse(body: &[u8]) -> Self {
        let parameters: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
        let mut call = Self {
            action: String::new(),
            parameters,
        };
        call.action = call.optional("Action").unwrap_or_default().to_owned();
        call
    }

    pub(crate) fn optional(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(key, _)| key == name)?;
        Some(&found.1)
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, IamError> {
        self.optional(name).ok_or_else(|| IamError {
            code: "ValidationError",
            status: 400,
            message: format!("The request must contain the parameter {name}."),
        })
    }

    pub(crate) fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.parameters.iter();
        all.map(|(key, value)| (key.as_str(), value.as_str()))
    }

    fn version(&self) -> Result<u32, IamError> {
        let id = self.required("VersionId")?;
        id.strip_prefix('v')
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| IamError::invalid(format!("{id} is not a version")))
    }

    /// Whether the call changes something.
    pub(crate) fn is_write(&self) -> bool {
        !["Get", "List"]
            .iter()
            .any(|read| self.action.starts_with(read))
    }

    pub(crate) fn answer(&self, account: &mut Account) -> CallResult {
        match self.action.as_str() {
            "GetPolicy" => {
                let arn = self.required("PolicyArn")?;
                Ok(Xml::default().element("Policy", policy_members(arn, policy(account, arn)?)))
            }
            "ListPolicies" => account_pages::list_policies(account),
            "GetAccountAuthorizationDetails" => account_pages::authorization_details(self, account),
            "ListPolicyVersions" => self.list_versions(account),
            "ListEntitiesForPolicy" => {
                let arn = self.required("PolicyArn")?;
                policy(account, arn)?;
                let mut listed = Xml::default();
                for (kind, list, name) in [
                    (OwnerKind::Role, "PolicyRoles", "RoleName"),
                    (OwnerKind::User, "PolicyUsers", "UserName"),
                    (OwnerKind::Group, "PolicyGroups", "GroupName"),
                ] {
                    let holders = account.holders.get(arn).into_iter().flatten();
                    let of_kind = holders.filter(|(of, _)| *of == kind);
                    let members = of_kind.fold(Xml::default(), |members, (_, holder)| {
                        members.element("member", Xml::default().text(name, holder))
                    });
                    listed = listed.element(list, members);
                }
                Ok(listed.text("IsTruncated", false))
            }
            "GetPolicyVersion" => {
                let (arn, number) = (self.required("PolicyArn")?, self.version()?);
                let version = policy(account, arn)?.version(number).ok_or_else(|| {
                    IamError::no_such(format_args!("Version v{number} of policy {arn}"))
                })?;
                let members = version_members(version, policy(account, arn)?)
                    .document("Document", &version.document);
                Ok(Xml::default().element("PolicyVersion", members))
            }
            "CreatePolicy" => {
                let path = self.optional("Path").unwrap_or("/");
                let (name, document) = (
                    self.required("PolicyName")?,
                    self.required("PolicyDocument")?,
                );
                let arn = account.create_policy(path, name, document)?;
                let members = policy_members(&arn, policy(account, &arn)?);
                Ok(Xml::default().element("Policy", members))
            }
            "CreatePolicyVersion" => self.create_version(account),
            "SetDefaultPolicyVersion" => account
                .set_default_policy_version(self.required("PolicyArn")?, self.version()?)
                .map(|()| Xml::default()),
            "DeletePolicyVersion" => account
                .delete_policy_version(self.required("PolicyArn")?, self.version()?)
                .map(|()| Xml::default()),
            "DeletePolicy" => account
                .delete_policy(self.required("PolicyArn")?)
                .map(|()| Xml::default()),
            _ => self.answer_of_owner(account),
        }
    }

    fn create_version(&self, account: &mut Account) -> CallResult {
        let (arn, document) = (
            self.required("PolicyArn")?,
            self.required("PolicyDocument")?,
        );
        let as_default = self.optional("SetAsDefault") == Some("true");
        let number = account.create_policy_version(arn, document, as_default)?;
        let policy = policy(account, arn)?;
        let version = policy
            .version(number)
            .ok_or_else(|| IamError::no_such(arn))?;
        Ok(Xml::default().element("PolicyVersion", version_members(version, policy)))
    }

    /// Newest first, as IAM lists them; `Marker` is the number that the page before ended with.
    fn list_versions(&self, account: &Account) -> CallResult {
        let policy = policy(account, self.required("PolicyArn")?)?;
        let marker = self.optional("Marker").and_then(|text| text.parse().ok());
        let limit = self.optional("MaxItems").and_then(|text| text.parse().ok());
        let rest: Vec<&PolicyVersion> = policy
            .versions
            .iter()
            .rev()
            .filter(|version| marker.is_none_or(|marker: u32| version.number < marker))
            .collect();
        let limit = limit.unwrap_or(100);
        let page = rest.iter().take(limit);
        let members = page.fold(Xml::default(), |members, version| {
            members.element("member", version_members(version, policy))
        });
        let is_truncated = rest.len() > limit;
        let result = Xml::default()
            .element("Versions", members)
            .text("IsTruncated", is_truncated);
        Ok(match rest.get(limit.saturating_sub(1)) {
            Some(last) if is_truncated => result.text("Marker", last.number),
            _ => result,
        })
    }

    fn list_attached(&self, account: &Account, kind: OwnerKind) -> CallResult {
        let name = self.required(&format!("{}Name", kind.as_str()))?;
        owner(account, kind, name)?;
        let holder = (kind, name.to_owned());
        let attached = account.holders.iter();
        let attached = attached.filter(|(_, holders)| holders.contains(&holder));
        let members = attached.fold(Xml::default(), |members, (arn, _)| {
            members.element("member", Xml::default().text("PolicyArn", arn))
        });
        let listed = Xml::default().element("AttachedPolicies", members);
        Ok(listed.text("IsTruncated", false))
    }

    /// `CreateRole`, `GetUserPolicy` and the like: a verb, the kind of owner, and perhaps `Policy`.
    fn answer_of_owner(&self, account: &mut Account) -> CallResult {
        let unknown = || IamError {
            code: "InvalidAction",
            status: 400,
            message: format!("The model does not know the call {}.", self.action),
        };
        let lists =
            |kind: &OwnerKind| self.action == format!("ListAttached{}Policies", kind.as_str());
        if let Some(kind) = OwnerKind::ALL.into_iter().find(lists) {
            return self.list_attached(account, kind);
        }
        let (kind, verb, is_inline) = OwnerKind::ALL
            .into_iter()
            .find_map(|kind| {
                let (verb, rest) = self.action.split_once(kind.as_str())?;
                match rest {
                    "" => Some((kind, verb, false)),
                    "Policy" => Some((kind, verb, true)),
                    _ => None,
                }
            })
            .ok_or_else(unknown)?;
        let name = self.required(&format!("{}Name", kind.as_str()))?;
        match (verb, is_inline) {
            ("Create", false) => {
                account.create_owner(kind, name)?;
                owner(account, kind, name)
            }
            ("Get", false) => owner(account, kind, name),
            ("Delete", false) => account.delete_owner(kind, name).map(|()| Xml::default()),
            ("Get", true) => {
                let policy = self.required("PolicyName")?;
                owner(account, kind, name)?;
                let document = account
                    .inline(kind, name, policy)
                    .ok_or_else(|| no_such_inline(kind, policy))?;
                Ok(Xml::default()
                    .text(&format!("{}Name", kind.as_str()), name)
                    .text("PolicyName", policy)
                    .document("PolicyDocument", document))
            }
            ("Detach", true) => {
                let holder = (kind, name.to_owned());
                let arn = self.required("PolicyArn")?;
                let holders = account.holders.entry(arn.to_owned()).or_default();
                match holders.remove(&holder) {
                    true => Ok(Xml::default()),
                    false => Err(IamError::no_such(format_args!("Policy {arn}"))),
                }
            }
            ("Put", true) => {
                let document = self.required("PolicyDocument")?;
                account
                    .put_inline(kind, name, self.required("PolicyName")?, document)
                    .map(|()| Xml::default())
            }
            ("Delete", true) => account
                .delete_inline(kind, name, self.required("PolicyName")?)
                .map(|()| Xml::default()),
            _ => Err(unknown()),
        }
    }
}

fn policy<'a>(account: &'a Account, arn: &str) -> Result<&'a Policy, IamError> {
    account
        .policy(arn)
        .ok_or_else(|| IamError::no_such(format_args!("Policy {arn}")))
}

pub(crate) fn policy_members(arn: &str, policy: &Policy) -> Xml {
    let (before, name) = arn.rsplit_once('/').unwrap_or(("", arn));
    let path = before.split_once("/").map_or("", |(_, path)| path);
    let path = if path.is_empty() {
        "/".to_owned()
    } else {
        format!("/{path}/")
    };
    Xml::default()
        .text("Path", path)
        .text("PolicyName", name)
        .text("PolicyId", &policy.id)
        .text("Arn", arn)
        .text("DefaultVersionId", format_args!("v{}", policy.default))
        .date("CreateDate", policy.created)
}

pub(crate) fn version_members(version: &PolicyVersion, policy: &Policy) -> Xml {
    Xml::default()
        .text("VersionId", format_args!("v{}", version.number))
        .text("IsDefaultVersion", version.number == policy.default)
        .date("CreateDate", version.created)
}

/// The owner in the answer of `Get` and `Create`, a group with its members.
fn owner(account: &Account, kind: OwnerKind, name: &str) -> CallResult {
    let found = account
        .owner(kind, name)
        .ok_or_else(|| IamError::no_such(format_args!("The {kind} with name {name}")))?;
    let word = kind.as_str();
    let members = Xml::default()
        .text("Path", &found.path)
        .text(&format!("{word}Name"), name)
        .text(&format!("{word}Id"), &found.id)
        .text(
            "Arn",
            format_args!("arn:aws:iam::{}:{kind}/{name}", account.id()),
        )
        .date("CreateDate", found.created);
    let result = Xml::default().element(word, members);
    Ok(match kind {
        OwnerKind::Group => {
            let users = account.members.get(name).into_iter().flatten();
            let users = users.fold(Xml::default(), |users, user| {
                let user = Xml::default().text("Path", "/").text("UserName", user);
                users.element("member", user)
            });
            result.element("Users", users).text("IsTruncated", false)
        }
        OwnerKind::Role | OwnerKind::User => result,
    })
}
