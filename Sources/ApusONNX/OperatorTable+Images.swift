/// Decoding of picture files.
extension OperatorTable {
  static let images: [OperatorImporter] = [
    .init("ImageDecoder", since: 20, Pictures.decode)
  ]
}
