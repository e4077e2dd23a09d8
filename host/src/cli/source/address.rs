//! Addresses of servers, as users write them.

use reqwest::Url;

use crate::cli::exit::CliError;

/// What `--server` says, if it can be asked.
pub(super) fn address(server: &str) -> Result<Url, CliError> {
    const EXAMPLE: &str = "write --server http://localhost:7878";
    let wrong = |why: &str| CliError::bad_input(format!("`{server}` is not the address of a server: {why}"));
    // `localhost:7878` could be an address of the scheme `localhost`.
    if !server.contains("://") {
        return Err(wrong("`http://` is missing").help(format!("write --server http://{server}")));
    }
    let base = Url::parse(server).map_err(|error| wrong(&error.to_string()).help(EXAMPLE))?;
    match base.scheme() {
        _ if base.query().is_some() || base.fragment().is_some() => {
            Err(wrong("it ends with the host, a port and perhaps a path").help(EXAMPLE))
        }
        "http" | "https" => Ok(base),
        scheme => Err(wrong(&format!("a server is asked by http or https, not {scheme}")).help(EXAMPLE)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_of_a_server_is_refused_with_what_is_wrong() {
        for (server, part) in [
            ("localhost:7878", "write --server http://localhost:7878"),
            ("127.0.0.1:7878", "`http://` is missing"),
            ("ftp://example.com", "not ftp"),
            ("http://", "empty host"),
            ("http://example.com:port", "invalid port number"),
            ("http://example.com/?token=x", "write --server"),
        ] {
            let error = address(server).unwrap_err().to_string();
            assert!(error.contains(part) && error.contains(&format!("`{server}`")), "{server}: {error}");
        }
        for server in ["http://localhost:7878", "https://example.com/pipelines/"] {
            assert!(address(server).is_ok(), "{server}");
        }
    }
}
