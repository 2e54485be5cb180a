//! The administrator's browser: Chromium without a window, driven by its own driver.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use local_aws::poll;
use local_aws::tools::{self, Tool};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::common::capabilities::chromium::ChromiumLikeCapabilities as _;
use thirtyfour::{By, ChromeCapabilities, Key, WebDriver, WebElement};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;
use xtask::prerequisites;

/// How long a page may take; the answer of a cold function is part of it.
const PAGE: Duration = Duration::from_secs(30);
/// How often the driver is started before it counts as one that cannot be.
const STARTS: usize = 5;
/// The least height of a button, in CSS pixels (WCAG 2.2, "Target Size (Enhanced)").
const THUMB: f64 = 44.0;

/// How the administrator looks at the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The width and height of the window, in CSS pixels.
    pub window: (u32, u32),
    /// Whether the system is set to dark colours.
    pub is_dark: bool,
}

impl Look {
    /// A window on a desk.
    pub const DESK: Self = Self {
        window: (1024, 800),
        is_dark: false,
    };
    /// A telephone at night.
    pub const PHONE_AT_NIGHT: Self = Self {
        window: (360, 740),
        is_dark: true,
    };
    /// A telephone by day.
    pub const PHONE: Self = Self {
        window: (360, 740),
        is_dark: false,
    };
}

/// A browser with nothing open.
#[derive(Debug)]
pub struct Browser {
    driver: WebDriver,
    _chromedriver: Child,
    /// The browser's profile, and everything else that it writes.
    _folder: TempDir,
}

/// Opens a browser for a story and closes it afterwards, whatever came of the story.
pub async fn with_browser<T>(
    look: Look,
    story: impl AsyncFnOnce(&Browser) -> Result<T>,
) -> Result<T> {
    let browser = Browser::open(look).await?;
    let told = story(&browser).await;
    let closed = browser.driver.clone().quit().await;
    let told = told?;
    closed.context("the browser does not close")?;
    Ok(told)
}

impl Browser {
    async fn open(look: Look) -> Result<Self> {
        // thirtyfour makes its client with reqwest, which has no cryptography of its own here.
        local_aws::http::install_tls();
        prerequisites::ensure_programs(&prerequisites::BROWSER).await?;
        tools::ensure(&[Tool::Node]).await?;
        let folder = TempDir::with_prefix("browser-").context("no folder for a browser")?;
        let mut started = start_chromedriver(&folder).await;
        // The driver chooses a port first and takes it in both protocols afterwards. Another
        // program can take the port in between.
        for _ in 1..STARTS {
            if started.is_ok() {
                break;
            }
            started = start_chromedriver(&folder).await;
        }
        let (chromedriver, port) = started?;

        let mut wanted = ChromeCapabilities::new();
        let (width, height) = look.window;
        for argument in [
            "--headless=new".to_owned(),
            // The pages are ours, and in a container there is nothing to make a sandbox of.
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--no-first-run".to_owned(),
            "--hide-scrollbars".to_owned(),
            format!("--window-size={width},{height}"),
            format!(
                "--user-data-dir={}",
                folder.path().join("profile").display()
            ),
        ] {
            wanted.add_arg(&argument)?;
        }
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), wanted)
            .await
            .context("the browser does not open")?;
        let browser = Self {
            driver,
            _chromedriver: chromedriver,
            _folder: folder,
        };
        browser.look(look).await?;
        Ok(browser)
    }

    /// Changes the window and the colours.
    pub async fn look(&self, look: Look) -> Result<()> {
        self.set_window(look.window).await?;
        let scheme = if look.is_dark { "dark" } else { "light" };
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.tell("Emulation.setEmulatedMedia", media).await?;
        Ok(())
    }

    async fn set_window(&self, (width, height): (u32, u32)) -> Result<()> {
        let window = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.tell("Emulation.setDeviceMetricsOverride", window)
            .await?;
        Ok(())
    }

    async fn tell(&self, method: &str, parameters: Value) -> Result<Value> {
        let told = self.driver.cdp().send_raw(method, parameters).await;
        told.with_context(|| format!("the browser refuses {method}"))
    }

    /// Opens an address.
    pub async fn goto(&self, url: &str) -> Result<()> {
        let gone = self.driver.goto(url).await;
        gone.context("the page does not open")
    }

    /// The heading of the page.
    pub async fn heading(&self) -> Result<String> {
        self.text("h1").await
    }

    /// Waits for a page with this heading.
    pub async fn expect_heading(&self, heading: &str) -> Result<()> {
        self.expect_one_of(&[heading]).await
    }

    /// Waits for a page with one of these headings.
    pub async fn expect_one_of(&self, headings: &[&str]) -> Result<()> {
        let what = format!("the page {headings:?}");
        let came = poll(&what, PAGE, async || {
            // Between two pages there is none.
            let shown = self.heading().await.unwrap_or_default();
            Ok(headings.contains(&shown.as_str()).then_some(()))
        });
        match came.await {
            Ok(()) => Ok(()),
            Err(error) => {
                let page = self.text("body").await.unwrap_or_default();
                Err(error.context(format!("the browser shows: {page}")))
            }
        }
    }

    /// The visible text of the first element that matches.
    pub async fn text(&self, css: &str) -> Result<String> {
        let text = self.find(css).await?.text().await;
        text.with_context(|| format!("the text of {css}"))
    }

    /// The first element that matches.
    pub async fn find(&self, css: &str) -> Result<WebElement> {
        let found = self.driver.find(By::Css(css)).await;
        found.with_context(|| format!("the page has no {css}"))
    }

    /// How many elements match.
    pub async fn count(&self, css: &str) -> Result<usize> {
        let found = self.driver.find_all(By::Css(css)).await;
        Ok(found.with_context(|| format!("looking for {css}"))?.len())
    }

    /// Clicks the first element that matches.
    pub async fn click(&self, css: &str) -> Result<()> {
        let clicked = self.find(css).await?.click().await;
        clicked.with_context(|| format!("clicking {css}"))
    }

    /// Clicks twice in quick succession.
    pub async fn double_click(&self, css: &str) -> Result<()> {
        let element = self.find(css).await?;
        element.scroll_into_view().await?;
        let chain = self
            .driver
            .action_chain_with_delay(Some(Duration::ZERO), Some(Duration::ZERO));
        let clicked = chain.double_click_element(&element).perform().await;
        clicked.with_context(|| format!("clicking {css} twice"))
    }

    /// Types, wherever the focus is.
    pub async fn type_keys(&self, text: &str) -> Result<()> {
        let typed = self.driver.action_chain().send_keys(text).perform().await;
        typed.context("typing")
    }

    /// Presses one key, wherever the focus is.
    pub async fn press(&self, key: Key) -> Result<()> {
        let chain = self.driver.action_chain();
        let pressed = chain.key_down(key.clone()).key_up(key).perform().await;
        pressed.context("pressing a key")
    }

    /// Presses Tab until an element that matches has the focus, as a person without a mouse does.
    /// Each stop must be visible.
    pub async fn tab_to(&self, css: &str) -> Result<()> {
        #[derive(Deserialize)]
        struct Stop {
            arrived: bool,
            outlined: bool,
            shown: String,
        }
        for _ in 0..40 {
            self.press(Key::Tab).await?;
            let stop: Stop = self
                .evaluate(
                    "const it = document.activeElement;
                     return {
                         arrived: it.matches(arguments[0]),
                         outlined: getComputedStyle(it).outlineStyle !== 'none',
                         shown: it.outerHTML.slice(0, 80),
                     };",
                    vec![json!(css)],
                )
                .await?;
            ensure!(stop.outlined, "the focus cannot be seen on {}", stop.shown);
            if stop.arrived {
                return Ok(());
            }
        }
        bail!("the Tab key never leads to {css}")
    }

    /// Runs a script in the page and answers with what it returns.
    pub async fn evaluate<T: DeserializeOwned>(
        &self,
        script: &str,
        arguments: Vec<Value>,
    ) -> Result<T> {
        let returned = self.driver.execute(script, arguments).await;
        let returned = returned.context("a script in the page")?;
        returned.convert().context("the answer of a script")
    }

    /// Checks the page: the rules of axe, that nothing is wider than the window, and that buttons
    /// are large enough for a thumb.
    pub async fn check_accessibility(&self) -> Result<()> {
        #[derive(Deserialize)]
        struct Sizes {
            page: u32,
            window: u32,
            buttons: Vec<f64>,
        }
        let path = Tool::Node.bin().join("../axe-core/axe.min.js");
        let axe = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read `{}`", path.display()))?;
        let script = format!(
            "{axe};\nconst done = arguments[arguments.length - 1];
            axe.run(document, {{resultTypes: ['violations']}}).then(
                found => done(found.violations.map(it => it.id + ': ' + it.help + ' at ' + it.nodes.map(node => node.html).join(' | '))),
                error => done(['axe failed: ' + error]));"
        );
        let found = self.driver.execute_async(script, Vec::new()).await;
        let found: Vec<String> = found.context("axe does not run")?.convert()?;
        let heading = self.heading().await?;
        ensure!(found.is_empty(), "`{heading}` violates: {found:#?}");

        let sizes: Sizes = self
            .evaluate(
                "return {
                     page: document.documentElement.scrollWidth,
                     window: window.innerWidth,
                     buttons: [...document.querySelectorAll('button')].map(it => it.getBoundingClientRect().height),
                 };",
                Vec::new(),
            )
            .await?;
        ensure!(
            sizes.page <= sizes.window,
            "`{heading}` is {} pixels wide in a window of {}",
            sizes.page,
            sizes.window
        );
        ensure!(
            sizes.buttons.iter().all(|height| *height >= THUMB),
            "`{heading}` has a button that is hard to hit: {:?}",
            sizes.buttons
        );
        Ok(())
    }

    /// A picture of the whole page, as WebP.
    pub async fn picture(&self, look: Look) -> Result<Vec<u8>> {
        let height = "return document.documentElement.scrollHeight;";
        let height = self.evaluate(height, Vec::new()).await?;
        self.set_window((look.window.0, height)).await?;
        self.picture_of_the_window().await
    }

    /// A picture of what the window shows, as WebP.
    pub async fn picture_of_the_window(&self) -> Result<Vec<u8>> {
        let wanted = json!({"format": "webp", "quality": 70});
        let answer = self.tell("Page.captureScreenshot", wanted).await?;
        let data = answer.get("data").and_then(Value::as_str);
        let data = data.context("no picture")?;
        Ok(aws_smithy_types::base64::decode(data)?)
    }
}

/// Starts the driver on a free port.
async fn start_chromedriver(folder: &TempDir) -> Result<(Child, u16)> {
    let mut chromedriver = local_aws::command::program("chromedriver");
    chromedriver
        .arg("--port=0")
        .env("TMPDIR", folder.path())
        .env("HOME", folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = chromedriver.spawn().context("cannot start chromedriver")?;
    let output = child.stdout.take().context("chromedriver has no output")?;
    let mut lines = BufReader::new(output).lines();
    let port = async {
        let mut said = Vec::new();
        while let Some(line) = lines.next_line().await? {
            if let Some(port) = line.trim_end_matches('.').rsplit(" on port ").next()
                && let Ok(port) = port.parse()
                && line.contains("successfully")
            {
                return Ok(port);
            }
            said.push(line);
        }
        bail!("chromedriver ended before it listened: {}", said.join(" "))
    };
    let port = tokio::time::timeout(PAGE, port).await;
    Ok((
        child,
        port.context("chromedriver does not listen in time")??,
    ))
}
