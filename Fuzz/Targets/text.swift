import ApusIR
import ApusTensor

extension FuzzTarget {
  /// The text form of graphs: what is accepted must print as something that parses to the same text.
  static func text(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let graph = try? Graph(text: text) else { return }
    let printed = graph.description
    let weights = Dictionary(
      graph.weights.values.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
    // Large weights are only mentioned by name; with two of one name the text is no full description.
    guard weights.count == graph.weights.count else { return }
    do {
      let again = try Graph(text: printed, weights: weights).description
      guard again == printed else { fatalError("two texts:\n\(printed)\n\(again)") }
    } catch { fatalError("a printed graph does not parse: \(error)\n\(printed)") }
  }
}
