/// Operators over strings.
extension OperatorTable {
  static let strings: [OperatorImporter] = [
    .init("RegexFullMatch", since: 20, Strings.matches),
    .init("StringConcat", since: 20, Strings.concat),
    .init("StringNormalizer", since: 10, Strings.normalize),
    .init("StringSplit", since: 20, Strings.split),
    .init("TfIdfVectorizer", since: 9, Strings.ngrams),
  ]

  /// Operators over strings of com.microsoft.
  static let microsoftStrings: [OperatorImporter] = [
    .init("Tokenizer", Tokenizers.tokenize)
  ]
}
