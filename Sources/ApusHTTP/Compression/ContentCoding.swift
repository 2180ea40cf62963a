#if Server
internal import ApusTensor

/// How a body is compressed on its way.
enum ContentCoding: String, Sendable {
  case identity, gzip, deflate

  /// The coding of a `Content-Encoding` header; nil for one that is not known.
  init?(contentEncoding value: String) {
    let name = value.trimmed.lowercased()
    if name.isEmpty {
      self = .identity
    } else if name == "x-gzip" {
      self = .gzip
    } else {
      self.init(rawValue: name)
    }
  }

  /// The coding that an `Accept-Encoding` header likes best; what it does not weigh weighs 1, and of equals
  /// the first wins.
  init(acceptEncoding value: String) {
    var best = ContentCoding.identity
    var weight = 0.0
    for part in value.split(separator: ",") {
      let fields = part.split(separator: ";")
      guard let name = fields.first.map({ $0.trimmed.lowercased() }),
        let coding = ContentCoding(rawValue: name)
      else { continue }
      var quality = 1.0
      for field in fields.dropFirst() {
        let text = field.trimmed.lowercased()
        guard text.hasPrefix("q=") else { continue }
        quality = Double(text.dropFirst(2)) ?? 0
      }
      if quality > weight, quality <= 1 {
        best = coding
        weight = quality
      }
    }
    self = best
  }
}
#endif
