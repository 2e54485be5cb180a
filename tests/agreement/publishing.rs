//! What the AWS Serverless Application Repository gets.

use std::path::Path;

use local::architecture::Architecture;
use local::package::{self, Source};
use serde_json::Value;

use crate::transformed::transformed;
use crate::{path, read};

#[test]
fn the_published_application_is_this_one() {
    let application = &transformed()["Metadata"]["AWS::ServerlessRepo::Application"];
    let version = format!(
        "version = \"{}\"",
        application["SemanticVersion"].as_str().unwrap()
    );
    assert!(read("Cargo.toml").contains(&version));
    assert!(read("Cargo.toml").contains("license = \"Apache-2.0\""));
    assert_eq!(application["SpdxLicenseId"], "Apache-2.0");
    for file in ["LicenseUrl", "ReadmeUrl"] {
        read(application[file].as_str().unwrap());
    }
    // AWS SAM Developer Guide, "AWS SAM template Metadata section properties".
    let text = |member: &str| application[member].as_str().unwrap();
    let is_name = |text: &str| {
        text.chars()
            .all(|it| it.is_ascii_alphanumeric() || it == '-')
    };
    assert!(is_name(text("Name")) && text("Name").len() <= 132);
    let author = text("Author");
    let is_small = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '-';
    assert!(
        author.chars().all(is_small) && author.len() <= 127,
        "{author}"
    );
    assert!(!author.starts_with('-') && !author.ends_with('-') && !author.contains("--"));
    assert!(text("Description").len() <= 256);
    let labels = application["Labels"].as_array().unwrap();
    assert!(labels.len() <= 10);
    assert!(labels.iter().all(|label| is_name(label.as_str().unwrap())));
    // There is no true value for these in the tree.
    for address in ["SourceCodeUrl", "HomePageUrl"] {
        assert!(application[address].is_null(), "{address}");
    }
}

#[test]
fn a_package_is_for_one_processor_and_knows_where_its_source_is() {
    let address = "https://github.com/owner/guard";
    let source = Source::parse(address).unwrap();
    for architecture in Architecture::ALL {
        let text = package::published(&read("template.yaml"), &source, architecture).unwrap();
        let template: serde_norway::Value = serde_norway::from_str(&text).unwrap();
        let application = &template["Metadata"]["AWS::ServerlessRepo::Application"];
        assert_eq!(application["SourceCodeUrl"], address);
        assert_eq!(application["HomePageUrl"], address);
        let name = application["Name"].as_str().unwrap();
        let processor = architecture.name().replace('_', "-");
        assert!(name.ends_with(&processor), "{name}");
        assert!(!name.contains('_'));
        let built_for = &template["Globals"]["Function"]["Architectures"];
        assert_eq!(built_for[0], architecture.name());
        assert!(template["Parameters"].get("Architecture").is_none());
    }
}

/// Nothing is beside the README in the repository of AWS.
#[test]
fn every_path_in_the_readme_is_a_file_and_becomes_an_address() {
    let readme = read("README.md");
    let source = Source::parse("https://github.com/owner/guard").unwrap();
    let absolute = package::absolute(&readme, &source);
    let mut addresses = 0;
    for part in absolute.split("https://github.com/owner/guard/").skip(1) {
        let part = part.split([')', '"', '#']).next().unwrap();
        let (view, file) = part.split_once("/HEAD/").unwrap();
        let is_image = Path::new(file)
            .extension()
            .is_some_and(|it| it == "webp" || it == "svg");
        assert_eq!(view, if is_image { "raw" } else { "blob" }, "{file}");
        assert!(path(file).exists(), "{file}");
        addresses += 1;
    }
    assert!(addresses > 10, "{addresses}");
    for left in ["](docs", "src=\"docs", "](SECURITY", "](CONTRIBUTING"] {
        assert!(!absolute.contains(left), "{left}");
    }
    // What is no path stays.
    assert!(absolute.contains("](https://rustup.rs)"));
    let values: Value = transformed()["Metadata"]["AWS::ServerlessRepo::Application"].clone();
    assert_eq!(values["ReadmeUrl"], "README.md");
}
