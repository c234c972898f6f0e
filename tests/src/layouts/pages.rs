//! The pages of a device's `pep open`, asked for as a browser asks.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Stdio},
};

use super::Device;

/// Running pages. They end with this value.
pub struct Pages {
    child: Child,
    host: String,
    cookie: String,
}

impl Pages {
    /// Opens them, and is let in.
    pub fn open(device: &Device) -> Result<Pages, String> {
        let mut command = device.command(&["open", "--no-browser"]);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(|e| format!("pep open: {e}"))?;
        let mut link = String::new();
        BufReader::new(child.stdout.take().ok_or("no pipe")?).read_line(&mut link).map_err(|e| e.to_string())?;
        let address = link.trim().strip_prefix("http://").unwrap_or_default().split_once('/');
        let (host, path) = address.map_or(("", ""), |(host, path)| (host, path));
        let mut pages = Pages { child, host: host.to_owned(), cookie: String::new() };
        let entered = pages.say("GET", &format!("/{path}"), "")?;
        let cookie = entered.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("set-cookie").then(|| value.split(';').next().unwrap_or_default().to_owned())
        });
        pages.cookie = cookie.ok_or("the pages let nobody in")?;
        Ok(pages)
    }

    /// A page.
    pub fn get(&self, path: &str) -> Result<String, String> {
        self.say("GET", path, "")
    }

    /// What is answered to a form.
    pub fn post(&self, path: &str, form: &str) -> Result<String, String> {
        self.say("POST", path, form)
    }

    fn say(&self, verb: &str, path: &str, form: &str) -> Result<String, String> {
        let (host, cookie) = (&self.host, &self.cookie);
        let mut stream = TcpStream::connect(host).map_err(|e| format!("the pages at {host:?}: {e}"))?;
        let head = format!(
            "{verb} {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nOrigin: http://{host}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            form.len()
        );
        let mut answer = Vec::new();
        stream.write_all(format!("{head}{form}").as_bytes()).map_err(|e| e.to_string())?;
        stream.read_to_end(&mut answer).map_err(|e| e.to_string())?;
        String::from_utf8(answer).map_err(|_| "the pages did not answer in text".into())
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
