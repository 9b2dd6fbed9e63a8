//! Texts on their way into requests and errors.

/// How much of a wrong value an error repeats, in characters.
const SHOWN_CHARS: usize = 80;

/// The start of a text, without control characters.
pub(crate) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(SHOWN_CHARS).collect()
}

/// What to look at, told from the words of the fault.
pub(crate) fn fix(why: &str) -> &'static str {
    let why = why.to_ascii_lowercase();
    if why.contains("certificate") || why.contains("tls") {
        "its certificate is not trusted: SSL_CERT_FILE has to name a PEM file with the authority that signed it"
    } else if why.contains("dns") || why.contains("lookup") {
        "its name cannot be resolved: check the address and the name servers"
    } else {
        "check the address, the network and the proxy"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_fault_name_what_to_look_at() {
        assert!(fix("invalid peer certificate: UnknownIssuer").contains("SSL_CERT_FILE"));
        assert!(fix("dns error: failed to lookup address").contains("resolved"));
        assert!(fix("connection refused").contains("network"));
    }
}
