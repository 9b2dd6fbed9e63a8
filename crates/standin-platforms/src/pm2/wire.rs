//! PM2's message framing: a byte `0x10 | count`, then `count` times a big-endian length and that many bytes.
//!
//! Each part starts with `j:` (JSON), `s:` (text), or nothing (raw bytes).

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// The framing's version, in the upper half of the first byte.
const VERSION: u8 = 1;

/// Why a message could not be read. The stream is of no use afterwards: the caller closes it.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    /// The other side closed the stream, or it broke.
    #[error("the connection ended: {0}")]
    Closed(#[from] io::Error),
    /// The bytes are not of this framing.
    #[error("not PM2's framing: {0}")]
    Framing(&'static str),
    /// A part says that it is longer than the limit.
    #[error("a message of {0} bytes is over the limit")]
    TooLarge(usize),
}

/// The bytes of one message.
pub(super) fn encode(parts: &[&[u8]]) -> Vec<u8> {
    let count = u8::try_from(parts.len()).unwrap_or(15).min(15);
    let mut out = vec![(VERSION << 4) | count];
    for part in parts.iter().take(15) {
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

/// Reads the first byte of a message and gives the number of its parts.
pub(super) async fn read_count<R: AsyncRead + Unpin>(stream: &mut R) -> Result<u8, WireError> {
    let first = stream.read_u8().await?;
    if first >> 4 != VERSION {
        return Err(WireError::Framing("unknown version"));
    }
    match first & 15 {
        0 => Err(WireError::Framing("a message without parts")),
        count => Ok(count),
    }
}

/// Reads the length of the next part.
pub(super) async fn read_length<R: AsyncRead + Unpin>(stream: &mut R) -> Result<usize, WireError> {
    let length = stream.read_u32().await?;
    usize::try_from(length).map_err(|_| WireError::Framing("a length beyond this machine"))
}

/// Reads one part of at most `max` bytes into `into`, whose old content is dropped.
pub(super) async fn read_part<R: AsyncRead + Unpin>(
    stream: &mut R,
    max: usize,
    into: &mut Vec<u8>,
) -> Result<(), WireError> {
    let length = read_length(stream).await?;
    if length > max {
        return Err(WireError::TooLarge(length));
    }
    into.clear();
    // The buffer grows with what arrives, so that a false length costs no memory.
    let got = stream.take(length as u64).read_to_end(into).await?;
    if got == length { Ok(()) } else { Err(WireError::Closed(io::ErrorKind::UnexpectedEof.into())) }
}

/// Reads one part and drops it, whatever its length.
pub(super) async fn skip_part<R: AsyncRead + Unpin>(stream: &mut R) -> Result<(), WireError> {
    let length = read_length(stream).await? as u64;
    let skipped = tokio::io::copy(&mut stream.take(length), &mut tokio::io::sink()).await?;
    if skipped == length { Ok(()) } else { Err(WireError::Closed(io::ErrorKind::UnexpectedEof.into())) }
}

/// The JSON or text of a part, without its two-letter mark.
pub(super) fn payload(part: &[u8]) -> &[u8] {
    part.strip_prefix(b"j:").or_else(|| part.strip_prefix(b"s:")).unwrap_or(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_encoded_is_read_back() {
        let bytes = encode(&[b"s:topic", b"j:{}"]);
        let (mut stream, mut part) = (bytes.as_slice(), Vec::new());
        assert_eq!(read_count(&mut stream).await.unwrap(), 2);
        read_part(&mut stream, 100, &mut part).await.unwrap();
        assert_eq!(payload(&part), b"topic");
        skip_part(&mut stream).await.unwrap();
        assert!(stream.is_empty());
    }

    #[tokio::test]
    async fn foreign_bytes_false_lengths_and_cut_messages_are_errors() {
        assert!(matches!(read_count(&mut &b"HTTP/1.1"[..]).await, Err(WireError::Framing(_))));
        assert!(matches!(read_count(&mut &[0x10u8][..]).await, Err(WireError::Framing(_))));
        let mut part = Vec::new();
        let long = read_part(&mut &[0xff_u8; 8][..], 1000, &mut part).await;
        assert!(matches!(long, Err(WireError::TooLarge(_))));
        let cut = read_part(&mut &[0, 0, 0, 9, 1][..], 1000, &mut part).await;
        assert!(matches!(cut, Err(WireError::Closed(_))));
        assert!(matches!(skip_part(&mut &[0, 0, 0, 9, 1][..]).await, Err(WireError::Closed(_))));
    }
}
