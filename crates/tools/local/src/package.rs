//! Packages for the AWS Serverless Application Repository: one for each processor, with the addresses of a publisher's own copy.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use url::Url;

use crate::account::Account;
use crate::architecture::{self, Architecture, moved, replaced};
use crate::tools::{self, Tool};
use crate::{command, functions, report, workspace};

/// Where the source is published, as in `https://github.com/OWNER/REPOSITORY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source(String);

impl Source {
    /// # Errors
    ///
    /// Fails if the text is not the address of a repository.
    pub fn parse(text: &str) -> Result<Self> {
        let url = Url::parse(text).with_context(|| format!("`{text}` is not a URL"))?;
        let segments = url.path_segments().into_iter().flatten();
        let named = segments.filter(|it| !it.is_empty()).count();
        ensure!(
            url.scheme() == "https"
                && named >= 2
                && url.query().is_none()
                && url.fragment().is_none(),
            "`{text}` is not the address of a repository, such as https://github.com/OWNER/REPOSITORY"
        );
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    /// The address of a file of the default branch, as a page or as it is.
    fn file(&self, view: &str, path: &str) -> String {
        // GitLab has its own pages below `-`.
        let between = if self.0.contains("gitlab") { "/-" } else { "" };
        format!("{}{between}/{view}/HEAD/{path}", self.0)
    }
}

/// Builds and uploads both packages, and says how to publish them.
///
/// # Errors
///
/// Fails if a build or an upload fails.
pub async fn run(account: &Account, source: &Source, bucket: &str) -> Result<()> {
    tools::ensure(&[Tool::Sam, Tool::Builder]).await?;
    let read = |name: &str| {
        let path = workspace::root().join(name);
        std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))
    };
    let (template, readme) = (read("template.yaml")?, read("README.md")?);
    let mut packages = Vec::new();
    for architecture in Architecture::ALL {
        report::step(&format!("the package for {}", architecture.name()));
        let text = moved(&published(&template, source, architecture)?)?;
        let name = format!("package-{}", architecture.name());
        let template = architecture::copy(&name, &text)?;
        let folder = template.parent().context("the template is in no folder")?;
        write(&folder.join("README.md"), &absolute(&readme, source))?;

        let built = workspace::local("package").join(architecture.name());
        let mut sam = tools::sam()?;
        functions::as_from_a_shell(&mut sam);
        sam.args(["build", "--no-cached", "--template-file"])
            .arg(&template);
        sam.arg("--build-dir").arg(&built);
        command::run_shown(sam, "sam build").await?;
        architecture::check(&built, architecture)?;

        let packaged = built.join("packaged.yaml");
        let mut sam = tools::sam()?;
        account.lead(&mut sam);
        sam.args([
            "package",
            "--s3-bucket",
            bucket,
            "--region",
            account.region(),
            "--template-file",
        ]);
        sam.arg(built.join("template.yaml"));
        sam.arg("--output-template-file").arg(&packaged);
        command::run_shown(sam, "sam package").await?;
        packages.push(packaged);
    }
    report::step("both packages are uploaded; publish each, privately first:");
    for package in packages {
        report::detail(&format!(
            "sam publish --region {} --template {}",
            account.region(),
            package.display()
        ));
    }
    Ok(())
}

/// The template as it is published: for one processor, under a name of its own, with the addresses of the source.
///
/// # Errors
///
/// Fails if the template is not as this module knows it.
pub fn published(template: &str, source: &Source, architecture: Architecture) -> Result<String> {
    let template = architecture::adapted(template, architecture)?;
    let name = "    Name: automated-iam-policy-alerts-and-approvals\n";
    let own = format!(
        "{}-{}\n",
        name.trim_end(),
        architecture.name().replace('_', "-")
    );
    let template = replaced(&template, name, &own)?;
    // The copy of the README is beside the template.
    let template = replaced(
        &template,
        "    LicenseUrl: LICENSE\n",
        "    LicenseUrl: ../../../LICENSE\n",
    )?;
    let readme = "    ReadmeUrl: README.md\n";
    let addresses = format!(
        "{readme}    HomePageUrl: {address}\n    SourceCodeUrl: {address}\n",
        address = source.0
    );
    replaced(&template, readme, &addresses)
}

/// The README with addresses in place of paths, because nothing is beside it where it is published.
pub fn absolute(readme: &str, source: &Source) -> String {
    let mut result = String::with_capacity(readme.len());
    let mut rest = readme;
    let next = |text: &str| ["](", "src=\""].iter().filter_map(|it| text.find(it)).min();
    while let Some(at) = next(rest) {
        let (before, found) = rest.split_at(at);
        let length = if found.starts_with("](") { 2 } else { 5 };
        let (opening, target) = found.split_at(length);
        let end = target.find([')', '"']).unwrap_or(target.len());
        let (path, after) = target.split_at(end);
        result.push_str(before);
        result.push_str(opening);
        if path.starts_with('#') || path.contains("://") {
            result.push_str(path);
        } else {
            let is_image = Path::new(path).extension().is_some_and(|it| {
                ["svg", "webp"]
                    .iter()
                    .any(|kind| it.eq_ignore_ascii_case(kind))
            });
            let view = if is_image { "raw" } else { "blob" };
            result.push_str(&source.file(view, path));
        }
        rest = after;
    }
    result.push_str(rest);
    result
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{Source, absolute};

    #[test]
    fn paths_become_addresses_and_addresses_stay() -> anyhow::Result<()> {
        let source = Source::parse("https://github.com/owner/guard/")?;
        let readme = "[a](docs/a.md#b), <img src=\"docs/x.webp\" alt=\"(x)\">, [y](docs/y.svg), [z](#z), [rust](https://rustup.rs)";
        let expected = "[a](https://github.com/owner/guard/blob/HEAD/docs/a.md#b), \
            <img src=\"https://github.com/owner/guard/raw/HEAD/docs/x.webp\" alt=\"(x)\">, \
            [y](https://github.com/owner/guard/raw/HEAD/docs/y.svg), [z](#z), [rust](https://rustup.rs)";
        assert_eq!(absolute(readme, &source), expected);
        let gitlab = Source::parse("https://gitlab.com/owner/guard")?;
        assert!(absolute("[a](a.md)", &gitlab).contains("/guard/-/blob/HEAD/a.md"));
        for wrong in [
            "github.com/owner/guard",
            "http://github.com/owner/guard",
            "https://github.com/owner",
            "https://github.com/o/r?x=1",
        ] {
            assert!(Source::parse(wrong).is_err(), "{wrong}");
        }
        Ok(())
    }
}
