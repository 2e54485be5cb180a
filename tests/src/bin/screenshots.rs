//! Pictures of the e-mail, of every page and of a report:
//! `screenshots FOLDER_OF_PAGES FOLDER_OF_PICTURES`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use end_to_end::browser::{Browser, Look, with_browser};
use local_aws::{report, workspace};
use serde_json::json;
use url::Url;

/// The e-mail that is shown, as the tests hold it.
const MAIL: &str = "crates/notice/testdata/mail/decision-request.txt";

/// A mail program beside other windows.
const MAIL_LOOK: Look = Look {
    window: (680, 700),
    is_dark: false,
};

/// The sums and the charts of a report. The table below them is too long for a picture.
const REPORT_LOOK: Look = Look {
    window: (1024, 1590),
    is_dark: false,
};

/// Each picture of a page as a whole: its name, the page it shows, and how.
const PICTURES: [(&str, &str, Look); 11] = [
    ("confirm", "confirm-allow", Look::DESK),
    ("confirm-phone-dark", "confirm-deny", Look::PHONE_AT_NIGHT),
    ("confirm-by-hand", "confirm-token-only", Look::PHONE),
    ("confirm-in-force", "confirm-in-force", Look::DESK),
    ("confirm-addition", "confirm-addition", Look::PHONE),
    ("decided", "decided", Look::PHONE),
    ("already-decided", "already-decided", Look::PHONE),
    ("expired", "expired", Look::PHONE),
    ("not-recorded", "not-recorded", Look::PHONE),
    ("cannot-be-shown", "cannot-be-shown", Look::PHONE),
    ("bad-link", "bad-link", Look::PHONE),
];

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let mut folder = |what: &str| {
        let folder = arguments.next().map(|path| workspace::root().join(path));
        folder.with_context(|| format!("name the folder of the {what}"))
    };
    let (pages, pictures) = (folder("pages")?, folder("pictures")?);
    workspace::create_dir(&pictures)?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(with_browser(Look::DESK, async |browser| {
        mail(browser, &pictures).await?;
        for (name, page, look) in PICTURES {
            open(browser, look, &pages, page).await?;
            write(&pictures, name, browser.picture(look).await?)?;
        }
        open(browser, REPORT_LOOK, &pages, "report").await?;
        write(&pictures, "report", browser.picture_of_the_window().await?)?;
        Ok(())
    }))
}

/// The e-mail as a mail program shows a plain text.
async fn mail(browser: &Browser, pictures: &Path) -> Result<()> {
    let path = workspace::root().join(MAIL);
    let mail = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read `{}`", path.display()))?;
    let (subject, message) = mail.split_once("\n\n").context("a mail without a text")?;
    let subject = subject.trim_start_matches("Subject: ");
    browser.look(MAIL_LOOK).await?;
    browser.goto("about:blank").await?;
    browser
        .evaluate::<()>(
            "const add = (name, text, style) => {
                 const it = document.body.appendChild(document.createElement(name));
                 it.textContent = text;
                 it.style = style;
             };
             document.body.style = 'margin: 16px; font: 15px/1.45 sans-serif; overflow-wrap: anywhere';
             add('h1', arguments[0], 'font-size: 19px; margin: 0 0 4px');
             add('p', 'AWS Notifications', 'color: #555; margin: 0 0 16px');
             add('div', arguments[1], 'white-space: pre-wrap');",
            vec![json!(subject), json!(message)],
        )
        .await?;
    write(pictures, "mail", browser.picture(MAIL_LOOK).await?)
}

async fn open(browser: &Browser, look: Look, pages: &Path, page: &str) -> Result<()> {
    let page = pages.join(format!("{page}.html"));
    let url = Url::from_file_path(&page).ok();
    let url = url.with_context(|| format!("`{}` is not an absolute path", page.display()))?;
    browser.look(look).await?;
    browser.goto(url.as_str()).await
}

fn write(pictures: &Path, name: &str, picture: Vec<u8>) -> Result<()> {
    let path = pictures.join(format!("{name}.webp"));
    std::fs::write(&path, picture).with_context(|| format!("cannot write `{}`", path.display()))?;
    report::step(&format!("{}", path.display()));
    Ok(())
}
