//! The pages that `iam-guard` writes, in a real browser.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use end_to_end::browser::{Browser, Look, with_browser};
use end_to_end::{Scenario, World};
use iam_guard::account::{AccountTask, Format, account};
use iam_guard::managed::ManagedPolicies;
use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::Key;

/// The name of a user that would take over a page that believed it.
const HOSTILE: &str = "<script>document.title='taken'</script>";
/// The fold around those who are not among the twenty who hold the most.
const OTHERS: &str = "section[aria-labelledby=holders] > details";

pub(crate) fn scenarios() -> Vec<Scenario> {
    vec![Scenario::new("reports::an_account", |_: Arc<World>| {
        an_account()
    })]
}

async fn an_account() -> Result<()> {
    let folder = TempDir::with_prefix("report-")?;
    let page = write_report(&folder)?;
    with_browser(Look::DESK, async |browser| {
        browser.goto(&page).await?;
        let heading = browser.heading().await?;
        ensure!(
            heading == "Who holds what in the account 111122223333",
            "{heading}"
        );
        let text = browser.text("main").await?;
        for shown in [HOSTILE, "policy/gone", "cannot know", "s3:DeleteBucket"] {
            ensure!(text.contains(shown), "the page shows no {shown}: {text}");
        }
        expect_nothing_loaded(browser).await?;
        expect_bars(browser).await?;
        browser.check_accessibility().await?;

        // With the keyboard alone.
        browser.tab_to(&format!("{OTHERS} > summary")).await?;
        browser.press(Key::Enter).await?;
        let hidden = browser.text(&format!("{OTHERS} tbody")).await?;
        ensure!(
            hidden.contains("user-27"),
            "the fold stays closed: {hidden}"
        );
        browser.tab_to(&format!("{OTHERS} .scroll")).await?;

        browser.look(Look::PHONE_AT_NIGHT).await?;
        browser.check_accessibility().await?;
        expect_bars(browser).await?;
        let [window, table]: [u32; 2] = browser
            .evaluate(
                "const it = document.querySelector('section[aria-labelledby=holders] .scroll');
                 return [it.clientWidth, it.scrollWidth];",
                Vec::new(),
            )
            .await?;
        ensure!(table > window, "the wide table is squeezed into {window}");
        let is_dark: bool = browser
            .evaluate(
                "return getComputedStyle(document.querySelector('td .sure')).backgroundColor
                     !== arguments[0];",
                vec![json!("rgb(194, 65, 12)")],
            )
            .await?;
        ensure!(is_dark, "the bars do not change in the dark");
        Ok(())
    })
    .await
}

/// The file must show everything on a computer without a network.
async fn expect_nothing_loaded(browser: &Browser) -> Result<()> {
    let loaded: Vec<String> = browser
        .evaluate(
            "return performance.getEntriesByType('resource').map(it => it.name)
                 .concat([...document.querySelectorAll('script, link, img, iframe')].map(it => it.outerHTML));",
            Vec::new(),
        )
        .await?;
    ensure!(loaded.is_empty(), "the page loads {loaded:?}");
    Ok(())
}

/// The bars are as long as what they count.
async fn expect_bars(browser: &Browser) -> Result<()> {
    #[derive(Debug, Deserialize)]
    struct Bar {
        counted: f64,
        long: f64,
    }
    let bars: Vec<Bar> = browser
        .evaluate(
            "const rows = document.querySelectorAll('section[aria-labelledby=patterns] tbody tr');
             const width = it => it.getBoundingClientRect().width;
             return [...rows].map(row => ({
                 counted: [...row.querySelectorAll('td.count')].reduce((sum, it) => sum + Number(it.textContent), 0),
                 long: [...row.querySelectorAll('.bar span')].reduce((sum, it) => sum + width(it), 0),
             }));",
            Vec::new(),
        )
        .await?;
    let [first, .., last] = bars.as_slice() else {
        anyhow::bail!("the chart has the bars {bars:?}");
    };
    let (counted, long) = (last.counted / first.counted, last.long / first.long);
    ensure!((counted - long).abs() < 0.1, "the bars lie: {bars:?}");
    Ok(())
}

/// Writes the page for a small account and answers with its address.
fn write_report(folder: &TempDir) -> Result<String> {
    let (answer, page) = (
        folder.path().join("account.json"),
        folder.path().join("report.html"),
    );
    std::fs::write(&answer, account_of_all_kinds().to_string())?;
    let (mut out, mut diagnostics) = (Vec::new(), Vec::new());
    let task = AccountTask {
        paths: &[answer],
        restricted: "s3:DeleteBucket,iam:*,kms:Decrypt".parse()?,
        managed: &ManagedPolicies::default(),
        format: Format::Text,
        html: Some(&page),
    };
    account(task, &mut out, &mut diagnostics)?;
    let page = url::Url::from_file_path(&page);
    Ok(page.ok().context("the page has no address")?.to_string())
}

fn account_of_all_kinds() -> Value {
    const ACCOUNT: &str = "arn:aws:iam::111122223333";
    let document = |action: &str, resource: &str| {
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": action, "Resource": resource},
        ]})
    };
    let user = |name: &str, document: Value| {
        json!({
            "UserName": name, "Arn": format!("{ACCOUNT}:user/{name}"),
            "UserPolicyList": [{"PolicyName": "in", "PolicyDocument": document}],
        })
    };
    let mut users: Vec<Value> = (0..28)
        .map(|number| {
            let action = if number < 8 { "s3:*" } else { "iam:*" };
            let resource = if number % 2 == 0 {
                "*"
            } else {
                "arn:aws:s3:::a"
            };
            user(&format!("user-{number:02}"), document(action, resource))
        })
        .collect();
    users.push(user(HOSTILE, document("*", "*")));
    let unknown = json!({
        "UserName": "unknown", "Arn": format!("{ACCOUNT}:user/unknown"),
        "AttachedManagedPolicies": [{"PolicyArn": format!("{ACCOUNT}:policy/gone")}],
    });
    users.push(unknown);
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": format!("{ACCOUNT}:user/user-00")}, "Action": "sts:AssumeRole"},
    ]});
    let role = json!({
        "RoleName": "deployer", "Arn": format!("{ACCOUNT}:role/{}/deployer", "long-path".repeat(20)),
        "AssumeRolePolicyDocument": trust,
        "RolePolicyList": [{"PolicyName": "in", "PolicyDocument": document("*", "*")}],
    });
    json!({"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": [role], "Policies": []})
}
