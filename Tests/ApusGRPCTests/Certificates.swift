#if Server
import ApusTestSupport
import Foundation

/// A certificate for `localhost`, its key and the authority that signed it. Made for these tests and used
/// nowhere else.
enum Certificates {
  static let authority = """
    -----BEGIN CERTIFICATE-----
    MIIBiTCCAS+gAwIBAgIUTrZvrPJgwzlrgtAXMtlytmWMUQQwCgYIKoZIzj0EAwIw
    GTEXMBUGA1UEAwwOVGVzdCBBdXRob3JpdHkwIBcNMjYxMTIxMTIxNDA0WhgPMjEy
    NjEwMjgxMjE0MDRaMBkxFzAVBgNVBAMMDlRlc3QgQXV0aG9yaXR5MFkwEwYHKoZI
    zj0CAQYIKoZIzj0DAQcDQgAEQrCwV2FyWhLfHi39gJ44TK7blBNKm+adhJeh/GrH
    MBAM/0UUXNop0wyXZia2eV26kPcmMzMT3byv/fZc6oNTd6NTMFEwHQYDVR0OBBYE
    FDRH8wjFzZ+rej+t4GzbK2PKA35hMB8GA1UdIwQYMBaAFDRH8wjFzZ+rej+t4Gzb
    K2PKA35hMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhALKFPvef
    //oRX0MCp038RXBANS173FAaDoHrDiPNe7I0AiBeaKHUUpay6jv2jCkqsL8PFMQu
    wLxSaCflZMvIqyFCQg==
    -----END CERTIFICATE-----
    """

  static let certificate = """
    -----BEGIN CERTIFICATE-----
    MIIBrjCCAVSgAwIBAgIURgiNCKYTZLSgZBwcKyb9p1akMaEwCgYIKoZIzj0EAwIw
    GTEXMBUGA1UEAwwOVGVzdCBBdXRob3JpdHkwIBcNMjYxMTIxMTIxNDA0WhgPMjEy
    NjEwMjgxMjE0MDRaMBQxEjAQBgNVBAMMCWxvY2FsaG9zdDBZMBMGByqGSM49AgEG
    CCqGSM49AwEHA0IABLjxIM0KlOAtBRoi8olhNlsYpWDYw5QcOOvjALl94zCZF0VF
    dqESwgA08O0vIz41s0URe/JMiSpkGI/vB6btYq2jfTB7MBoGA1UdEQQTMBGCCWxv
    Y2FsaG9zdIcEfwAAATAdBgNVHSUEFjAUBggrBgEFBQcDAQYIKwYBBQUHAwIwHQYD
    VR0OBBYEFHbn43KW8dtgdKhyJxOdtAWbLY5EMB8GA1UdIwQYMBaAFDRH8wjFzZ+r
    ej+t4GzbK2PKA35hMAoGCCqGSM49BAMCA0gAMEUCIQC4VoN8rC8OcNYOxF4bm9US
    mdawK/Dv56SP3wawUY0wqgIgG77y8Dm+JHZ+nBRby7XVZg3rT0UCXK/qCC19qVEt
    6ks=
    -----END CERTIFICATE-----
    """

  static let key = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgCncQqFknLEpqbvRd
    Ft9WfE/6LWWDP7hN4yqFrytGbnqhRANCAAS48SDNCpTgLQUaIvKJYTZbGKVg2MOU
    HDjr4wC5feMwmRdFRXahEsIANPDtLyM+NbNFEXvyTIkqZBiP7wem7WKt
    -----END PRIVATE KEY-----
    """

  /// All three in files, which go with the value.
  final class Files: Sendable {
    let authority: String
    let certificate: String
    let key: String
    private let folder: TemporaryFolder

    init() throws {
      folder = try TemporaryFolder()
      authority = folder.file("authority.pem")
      certificate = folder.file("certificate.pem")
      key = folder.file("key.pem")
      for (text, path) in [
        (Certificates.authority, authority), (Certificates.certificate, certificate),
        (Certificates.key, key),
      ] { try text.write(toFile: path, atomically: true, encoding: .utf8) }
    }
  }
}
#endif
