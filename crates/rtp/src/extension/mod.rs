//! Header extensions (RFC 8285): what their data means.
