//! Servers as scheme, host and port, however they were spelled.

use std::fmt;

use url::{Host, Url};

use super::quote::quotable;

/// A server: scheme, host and port. Two spellings of one server are equal.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    secure: bool,
    host: Host<String>,
    port: u16,
}

/// Why a text does not name a server. Holds no user name, password or query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidOrigin {
    /// The text as far as it can be shown.
    pub shown: String,
    /// What is wrong, to follow the text in a sentence: `has a query`.
    pub reason: String,
}

impl Origin {
    /// Reads a server's address: a URL without user, query or path (but `/api`), or a host name,
    /// which means https.
    pub fn parse(text: &str) -> Result<Self, InvalidOrigin> {
        let text = text.trim();
        let invalid = |reason: &str| InvalidOrigin {
            shown: showable(text),
            reason: reason.to_owned(),
        };
        if text.is_empty() {
            return Err(invalid("is empty"));
        }
        // The URL parser drops tabs and line breaks; what was not typed on purpose is not guessed at.
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(invalid("has blanks or control characters in it"));
        }
        let url = if text.contains("://") {
            Url::parse(text)
        } else {
            Url::parse(&format!("https://{text}"))
        };
        let url = url.map_err(|error| invalid(&format!("is not a URL ({error})")))?;
        let origin = Self::of(&url).map_err(invalid)?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(invalid(
                "has a query or a fragment, which a server's address cannot have",
            ));
        }
        let path = url.path().trim_end_matches('/');
        if !matches!(path, "" | "/api") {
            return Err(invalid(
                "has a path; only the server itself (and an ending /api) can be named",
            ));
        }
        Ok(origin)
    }

    /// The server that a URL leads to, or what is wrong with the URL.
    pub fn of(url: &Url) -> Result<Self, &'static str> {
        let secure = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err("is neither an https nor an http URL"),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err("holds a user name or a password, which secsync never takes from a URL");
        }
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err("names no host");
        };
        if matches!(host, Host::Domain(name) if name.contains('*')) {
            return Err("has a wildcard; every server has to be named in full");
        }
        Ok(Self {
            secure,
            host: host.to_owned(),
            port,
        })
    }

    /// Whether the line to it is encrypted.
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether it is this machine.
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Domain(name) => name == "localhost",
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        }
    }

    /// The host alone, as a URL writes it.
    pub fn host(&self) -> String {
        self.host.to_string()
    }

    /// The port.
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, usual) = if self.secure {
            ("https", 443)
        } else {
            ("http", 80)
        };
        write!(formatter, "{scheme}://{}", self.host)?;
        if self.port == usual {
            Ok(())
        } else {
            write!(formatter, ":{}", self.port)
        }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// What of a rejected address can be printed: nothing before an `@`, nothing after a `?` or `#`.
pub fn showable(text: &str) -> String {
    let end = text.find(['?', '#']).unwrap_or(text.len());
    let (start, hidden) = match text.rfind('@') {
        Some(at) => (at + 1, "…@"),
        None => (0, ""),
    };
    let visible = text.get(start..end.max(start)).unwrap_or_default();
    format!("{hidden}{}", quotable(visible, 100))
}

#[cfg(test)]
mod tests {
    use super::Origin;

    fn spelled(text: &str) -> String {
        Origin::parse(text).map_or_else(|error| error.reason, |origin| origin.to_string())
    }

    #[test]
    fn spellings_of_one_server_are_equal() {
        for text in [
            "https://secrets.corp.example",
            "HTTPS://Secrets.Corp.Example/",
            "https://secrets.corp.example:443",
            "https://secrets.corp.example/api",
            "https://secrets.corp.example/api/",
            "https://secrets.corp.example//",
            "secrets.corp.example",
            "secrets.corp.example/api",
            " secrets.corp.example\n",
        ] {
            assert_eq!(spelled(text), "https://secrets.corp.example", "{text:?}");
        }
    }

    #[test]
    fn distinguishes_servers_by_scheme_and_port() {
        assert_eq!(spelled("http://localhost:8080"), "http://localhost:8080");
        assert_eq!(spelled("http://localhost:80"), "http://localhost");
        assert_eq!(spelled("https://localhost:80"), "https://localhost:80");
        assert_eq!(spelled("https://[::1]:8443/"), "https://[::1]:8443");
        assert_eq!(spelled("corp.example:8443"), "https://corp.example:8443");
    }

    #[test]
    fn an_address_with_a_user_a_query_a_path_or_another_scheme_is_refused() {
        for (text, reason) in [
            ("https://user@corp.example", "holds a user name"),
            ("https://user:hunter2@corp.example", "holds a user name"),
            ("user:hunter2@corp.example", "holds a user name"),
            ("https://corp.example?token=hunter2", "has a query"),
            ("https://corp.example#x", "has a query or a fragment"),
            ("https://corp.example/infisical", "has a path"),
            ("https://corp.example/api/v1", "has a path"),
            ("https://app.infisical.com\\@evil.example", "has a path"),
            ("ftp://corp.example", "is neither"),
            ("https://", "is not a URL"),
            ("https://corp.example:99999", "is not a URL"),
            ("https://corp\n.example", "has blanks"),
            ("*.corp.example", "has a wildcard"),
            ("", "is empty"),
        ] {
            let shown = spelled(text);
            assert!(shown.starts_with(reason), "{text:?}: {shown}");
        }
    }

    #[test]
    fn a_refusal_never_repeats_a_password_or_a_query() {
        for text in [
            "https://user:hunter2@corp.example",
            "https://user:hun ter2hunter2@corp.example",
            "https://user:p@hunter2@corp.example:bad",
            "https://corp.example?token=hunter2",
            "https://corp.example?token=hunter2@x",
            "ftp://user:hunter2@corp.example",
        ] {
            let error = Origin::parse(text).expect_err(text);
            assert!(!format!("{error:?}").contains("ter2"), "{error:?}");
        }
    }

    #[test]
    fn recognises_loopback_by_name_and_by_address() {
        for (text, loopback) in [
            ("http://localhost:1", true),
            ("http://127.0.0.1:1", true),
            ("http://127.1.2.3", true),
            ("http://[::1]", true),
            ("http://localhost.corp.example", false),
            ("http://10.0.0.1", false),
        ] {
            let origin = Origin::parse(text).expect(text);
            assert_eq!(origin.is_loopback(), loopback, "{text}");
        }
    }
}
