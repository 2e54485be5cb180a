//! Finds the policies in a file and judges them.

mod judging;
mod kind;
mod stream;

use iam_policy::RestrictedActions;

pub use judging::{Document, JudgedPolicy, pretty};
pub use kind::Kind;

use crate::answer::{self, Answer};
use crate::found::{Content, FoundPolicies, InnerTemplate, NotJudged};
use crate::input::Input;
use crate::managed::ManagedPolicies;
use crate::source::{Source, Span};
use crate::template::{self, Parameters, Scope};
use crate::tree::{Node, RepeatedKey, TreeError, json, yaml};
use crate::{code, manifest, plan, serverless};

/// The policies of a file.
#[derive(Debug, Default)]
pub struct Analysis {
    pub kind: Kind,
    pub judged: Vec<JudgedPolicy>,
    pub not_judged: Vec<NotJudged>,
    /// Why the file as a whole was not judged.
    pub problem: Option<String>,
    /// Keys that an object has more than once.
    pub repeated: Vec<RepeatedKey>,
}

/// The settings of a check.
#[derive(Debug)]
pub struct Settings {
    pub restricted: RestrictedActions,
    pub managed: ManagedPolicies,
    /// What the deployment gives to the parameters of templates.
    pub parameters: Parameters,
    /// Whether a named file may be something other than a policy, a plan or a template.
    pub skip_others: bool,
    /// Whether a verdict that is not known may count as clean.
    pub allow_unknown: bool,
}

/// How deep a template may be in the text of another one.
const MAX_DEPTH: usize = 3;

/// Finds the policies in a file and judges them.
pub fn analyze(input: &Input, settings: &Settings) -> Analysis {
    File { input, settings }.analyze()
}

/// What a value of a file is.
enum Recognized<'s> {
    /// One policy document.
    Document,
    Policies(Kind, FoundPolicies<'s>),
    /// A kind of file that has policies but is not read: a sentence that says what to do.
    Refused(String),
    /// A kind of file without policies: a sentence for whoever named it.
    Other(&'static str),
}

impl<'s> Recognized<'s> {
    /// A document that grants nothing to whom this command is about.
    fn passed_over(kind: Kind, name: String, span: &Span, reason: &str) -> Self {
        let mut found = FoundPolicies::default();
        found.not_judged(name, span.clone(), reason);
        Self::Policies(kind, found)
    }
}

const NOTHING: &str = "this is neither a policy document, nor a plan, nor a template";

#[derive(Clone, Copy)]
struct File<'a> {
    input: &'a Input,
    settings: &'a Settings,
}

impl<'a> File<'a> {
    fn source(self) -> &'a Source {
        &self.input.source
    }

    /// Whether the file must be about permissions.
    fn is_expected(self) -> bool {
        self.input.is_named && !self.settings.skip_others
    }

    fn analyze(self) -> Analysis {
        let source = self.source();
        let text = &source.text;
        // IAM returns documents percent-encoded.
        if kind::is_percent_encoded(text) && self.is_expected() {
            return self.document(None);
        }
        let error = match json::parse(text) {
            // Several answers in a list, as `jq --slurp` makes them.
            Ok(root) if !root.entries().is_empty() => return self.values(root.entries(), false),
            Ok(root) => return self.values(&[root], true),
            Err(error) => error,
        };
        let may_be_document =
            kind::claimed(text).is_some() || self.is_expected() && text.contains("Statement");
        if kind::may_be_accepted(&error) && may_be_document {
            return self.document(None);
        }
        let spans = stream::values(text).or_else(|| stream::wrapped(text));
        if let Some(spans) = spans.filter(|spans| !spans.is_empty()) {
            return self.stream(&spans);
        }
        if kind::looks_like_yaml(source) {
            return match yaml::parse(source) {
                Ok(roots) => self.values(&roots, false),
                Err(error) => self.unreadable(&error, "YAML"),
            };
        }
        let wrong = kind::wrong_kind(source).filter(|_| self.is_expected());
        if let Some(reason) = wrong {
            return problem(reason.to_owned());
        }
        self.unreadable(&error, "JSON")
    }

    /// A file that cannot be read. What it says that it is decides where nobody named it.
    fn unreadable(self, error: &TreeError, language: &str) -> Analysis {
        let source = self.source();
        let claimed = kind::claimed(&source.text);
        if claimed.is_none() && !self.is_expected() {
            return Analysis::default();
        }
        if source.text.trim().is_empty() {
            return problem("the file is empty".to_owned());
        }
        let kind = claimed.map_or_else(String::new, |kind| {
            format!(", although it looks like {kind}")
        });
        let line = source.line(error.span.start);
        problem(format!(
            "line {line}: {error}; the file is not {language}{kind}"
        ))
    }

    /// Several JSON values in one file.
    fn stream(self, spans: &[Span]) -> Analysis {
        let text = &self.source().text;
        let mut roots = Vec::with_capacity(spans.len());
        for span in spans {
            let parsed = json::parse(text.get(span.clone()).unwrap_or_default());
            let Ok(mut root) = parsed else {
                return problem("a JSON value of the file is nested too deep".to_owned());
            };
            root.shift(span.start);
            roots.push(root);
        }
        if let Some(reason) = code::log_of_terraform(&roots) {
            return problem(reason.to_owned());
        }
        self.values(&roots, false)
    }

    /// Judges the values of a file. A document is judged as the text that it is if `is_text`.
    fn values(self, roots: &[Node<'_>], is_text: bool) -> Analysis {
        let mut all = Analysis::default();
        let mut others = Vec::new();
        for root in roots {
            let analysis = match self.recognize(root) {
                Recognized::Document if is_text => self.document(Some(root)),
                Recognized::Document => {
                    let mut found = FoundPolicies::default();
                    let content = Content::Template {
                        document: root,
                        scope: Scope::default(),
                    };
                    found.policy(self.name(), root.span.clone(), content);
                    self.judged(Kind::Document, found, None)
                }
                Recognized::Policies(kind, found) => {
                    let mut analysis = self.judged(kind, found, None);
                    analysis.repeated = root.repeated_keys();
                    analysis
                }
                Recognized::Refused(reason) => problem(reason),
                Recognized::Other(reason) => {
                    others.push(reason);
                    // What nobody named may still be about permissions.
                    if let Some(span) = kind::document_inside(root).filter(|_| !self.is_expected())
                    {
                        all.not_judged.push(NotJudged {
                            name: self.name(),
                            span,
                            reason: "has a policy document in a place that is not read".to_owned(),
                        });
                    }
                    continue;
                }
            };
            all.add(analysis);
        }
        let is_other = all.kind == Kind::Other && all.problem.is_none();
        if is_other && self.is_expected() {
            return problem(others.first().copied().unwrap_or(NOTHING).to_owned());
        }
        all
    }

    fn recognize<'s>(self, root: &'s Node<'s>) -> Recognized<'s>
    where
        'a: 's,
    {
        let managed = &self.settings.managed;
        if plan::is_plan(root) {
            return Recognized::Policies(Kind::Plan, plan::find(root, managed));
        }
        if template::is_template(root) {
            return Recognized::Policies(
                Kind::Template,
                template::find(root, managed, &self.settings.parameters),
            );
        }
        let is_document = kind::looks_like_document(root)
            || root.get("Statement").is_some() && self.is_expected();
        if is_document {
            let passed_over =
                |kind, reason| Recognized::passed_over(kind, self.name(), &root.span, reason);
            return match kind::of_document(root) {
                Kind::TrustPolicy => passed_over(
                    Kind::TrustPolicy,
                    "a trust policy, which grants nothing to its role",
                ),
                Kind::ResourcePolicy => passed_over(
                    Kind::ResourcePolicy,
                    "a resource-based policy, which belongs to no user, group or role",
                ),
                _ => Recognized::Document,
            };
        }
        match answer::find(root, managed, &self.settings.parameters) {
            Some(Answer::Policies(found)) => return Recognized::Policies(Kind::Answer, found),
            Some(Answer::Nothing(reason)) => return Recognized::Other(reason),
            None => {}
        }
        if manifest::is_manifest(root) {
            return Recognized::Policies(Kind::Manifest, manifest::find(root, managed));
        }
        if serverless::is_configuration(root) {
            return Recognized::Policies(Kind::Serverless, serverless::find(root, managed));
        }
        match code::refused(root) {
            Some(reason) => Recognized::Refused(reason),
            None => Recognized::Other(code::other(root).unwrap_or(NOTHING)),
        }
    }

    /// The file as one policy document.
    fn document(self, root: Option<&Node<'_>>) -> Analysis {
        let mut found = FoundPolicies::default();
        let span = root.map_or_else(|| self.source().everything(), |root| root.span.clone());
        found.policy(self.name(), span, Content::File);
        self.judged(Kind::Document, found, root)
    }

    /// The name of the file in reports.
    fn name(self) -> String {
        match kind::file_name(self.source()) {
            "-" => "standard input".to_owned(),
            name => name.to_owned(),
        }
    }

    fn judged(self, kind: Kind, found: FoundPolicies<'_>, root: Option<&Node<'_>>) -> Analysis {
        let restricted = &self.settings.restricted;
        let mut analysis = Analysis {
            kind,
            judged: judging::judge_all(self.input, found.policies, root, restricted),
            not_judged: found.not_judged,
            ..Analysis::default()
        };
        for template in &found.templates {
            self.inner(template, 1, &mut analysis);
        }
        analysis
    }

    /// Judges a template that the file has as a text. All of it is at the place of the text.
    fn inner(self, template: &InnerTemplate<'_>, depth: usize, analysis: &mut Analysis) {
        let source = Source::new(self.source().name.clone(), template.text.as_ref());
        let parsed = match json::parse(&source.text) {
            Ok(root) => Ok(vec![root]),
            Err(_) => yaml::parse(&source),
        };
        let managed = &self.settings.managed;
        // An answer has its own template as a text. Others are deployed with parameters of their
        // own.
        let parameters = match template.name.as_str() {
            "" => &self.settings.parameters,
            _ => Parameters::none(),
        };
        let (roots, deep) = match &parsed {
            Ok(roots) => (roots.as_slice(), None),
            Err(error) => (
                &[][..],
                Some(format!("its template cannot be read: {error}")),
            ),
        };
        let too_deep = || "it has templates inside of templates".to_owned();
        let mut found = FoundPolicies::default();
        let is_none = !roots.is_empty() && !roots.iter().any(template::is_template);
        let none = || "its template is none that can be deployed".to_owned();
        let unknown = deep
            .or_else(|| (depth > MAX_DEPTH).then(too_deep))
            .or_else(|| is_none.then(none));
        if let Some(reason) = unknown {
            let name = match template.name.as_str() {
                "" => self.name(),
                name => name.to_owned(),
            };
            found.policy(name, template.span.clone(), Content::Unknown(reason));
        } else {
            for root in roots {
                let of_root = template::find(root, managed, parameters);
                found.policies.extend(of_root.policies);
                found.not_judged.extend(of_root.not_judged);
                found.templates.extend(of_root.templates);
            }
        }
        let within = |name: &str| match template.name.as_str() {
            "" => name.to_owned(),
            outer if name == outer => name.to_owned(),
            outer => format!("{outer}/{name}"),
        };
        let restricted = &self.settings.restricted;
        for mut judged in judging::judge_all(self.input, found.policies, None, restricted) {
            judged.name = within(&judged.name);
            judged.move_to(&template.span);
            analysis.judged.push(judged);
        }
        analysis
            .not_judged
            .extend(found.not_judged.into_iter().map(|it| NotJudged {
                name: within(&it.name),
                span: template.span.clone(),
                reason: it.reason,
            }));
        for inner in found.templates {
            let inner = InnerTemplate {
                name: within(&inner.name),
                span: template.span.clone(),
                text: inner.text,
            };
            self.inner(&inner, depth + 1, analysis);
        }
    }
}

impl Analysis {
    fn add(&mut self, other: Self) {
        // The first kind names the file.
        if self.kind == Kind::Other {
            self.kind = other.kind;
        }
        self.judged.extend(other.judged);
        self.not_judged.extend(other.not_judged);
        self.repeated.extend(other.repeated);
        self.problem = self.problem.take().or(other.problem);
    }
}

fn problem(problem: String) -> Analysis {
    Analysis {
        problem: Some(problem),
        ..Analysis::default()
    }
}
