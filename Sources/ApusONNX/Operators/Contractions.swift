internal import ApusIR

/// Einsum and Det.
enum Contractions {
  static func einsum(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    guard let text = try attributes.text("equation") else {
      throw .invalid("it is required", .attribute("equation"))
    }
    let terms = try context.variadic()
    var ranks: [Int?] = []
    for term in terms { ranks.append(context.rank(term)) }
    return [try context.add(Einsum(try Equation(text, ranks).explicit), terms)[0]]
  }

  static func determinant(
    _ context: NodeContext, _ attributes: inout AttributeReader
  ) throws(ImportError) -> [ValueID?] {
    try context.expect(1)
    return [try context.one(Determinant(), try context.operand(0, "X"))]
  }
}

/// An einsum equation without spaces, ellipses and implicit results.
struct Equation {
  let explicit: String

  init(_ text: String, _ ranks: [Int?]) throws(ImportError) {
    func invalid(_ reason: String) -> ImportError { .invalid(reason, .attribute("equation")) }
    let plain = text.filter { !$0.isWhitespace }
    guard plain.utf8.count <= 4096 else { throw invalid("it is too long") }
    let halves = plain.split(separator: "->", omittingEmptySubsequences: false).map(String.init)
    guard halves.count <= 2 else { throw invalid("'\(text)' has several arrows") }
    let terms = halves[0].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard terms.count == ranks.count else {
      throw invalid("'\(text)' has \(terms.count) terms for \(ranks.count) operands")
    }
    // Ellipses stand for the same axes everywhere; letters that nobody uses name them.
    var width = 0
    for (term, rank) in zip(terms, ranks) where term.contains(Self.ellipsis) {
      guard let rank else {
        throw .unsupported("an ellipsis over an operand of unknown rank", .attribute("equation"))
      }
      let hidden = rank - (term.count - Self.ellipsis.count)
      guard hidden >= 0 else { throw invalid("term '\(term)' names more than \(rank) axes") }
      width = max(width, hidden)
    }
    let used = Set(plain)
    let spare = Self.letters.filter { !used.contains($0) }
    guard width <= spare.count else { throw invalid("too many axes behind the ellipsis") }
    let broadcast = Array(spare.prefix(width))
    var expanded: [String] = []
    for (term, rank) in zip(terms, ranks) {
      let hidden = (rank ?? 0) - (term.count - Self.ellipsis.count)
      expanded.append(
        term.contains(Self.ellipsis) ? Self.filled(term, String(broadcast.suffix(hidden))) : term)
    }
    let result: String
    if halves.count == 2 {
      result = Self.filled(halves[1], String(broadcast))
    } else {
      // Without an arrow: the ellipsis, then letters that stand once, in alphabetical order.
      var counts: [Character: Int] = [:]
      for letter in terms.joined() where letter.isLetter { counts[letter, default: 0] += 1 }
      result = String(broadcast) + String(counts.filter { $0.value == 1 }.keys.sorted())
    }
    let all = expanded.joined() + result
    guard all.allSatisfy({ $0.isLetter && $0.isASCII }) else {
      throw invalid("'\(text)' holds other characters than letters")
    }
    explicit = expanded.joined(separator: ",") + "->" + result
  }

  private static let ellipsis = "..."
  private static let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")

  private static func filled(_ term: String, _ letters: String) -> String {
    let parts = term.split(separator: ellipsis, omittingEmptySubsequences: false)
    return parts.joined(separator: letters)
  }
}
