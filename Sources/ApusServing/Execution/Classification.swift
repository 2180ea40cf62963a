internal import ApusModelConfig
internal import ApusTensor

/// The classification extension of the protocol: the highest scores of an output as texts.
enum Classification {
  /// BYTES of `score:index` or `score:index:label`, highest first; ties by index. The first dimension is
  /// the batch where `isBatched`, all others are one row of classes.
  static func classes(
    _ tensor: ServedTensor, count: Int, labels: [String], isBatched: Bool, output: String
  ) throws(ServingError) -> ServedTensor {
    guard case .dense(let dense) = tensor.content,
      let values = try? dense.elements().scores, tensor.dataType != .bool
    else {
      throw ServingError(
        .invalidArgument,
        "class result not available for output '\(output)' due to unsupported type "
          + "'\(tensor.dataType.name)'")
    }
    let rows = isBatched ? tensor.shape.first ?? 1 : 1
    let width = rows > 0 ? values.count / rows : 0
    let kept = min(count, width)
    var texts: [String.UTF8View] = []
    for row in 0..<rows {
      let scores = values[row * width..<(row + 1) * width]
      let order = scores.indices.sorted { first, second in
        // Not a number comes last.
        let left = scores[first].value
        let right = scores[second].value
        if left.isNaN != right.isNaN { return right.isNaN }
        return left == right ? first < second : left > right
      }
      for index in order.prefix(kept) {
        let place = index - row * width
        var text = "\(scores[index].text):\(place)"
        if place < labels.count { text += ":" + labels[place] }
        texts.append(text.utf8)
      }
    }
    return try ServedTensor(
      ByteStrings(texts), shape: isBatched ? [rows, kept] : [kept])
  }
}

/// A score with the text that the protocol gives it.
struct Score {
  let value: Double
  let text: String
}

extension Elements {
  /// Nil for texts and complex numbers.
  fileprivate var scores: [Score]? {
    switch self {
    case .real(let values): values.map { Score(value: $0, text: Self.sixDecimals($0)) }
    case .signed(let values): values.map { Score(value: Double($0), text: "\($0)") }
    case .unsigned(let values): values.map { Score(value: Double($0), text: "\($0)") }
    default: nil
    }
  }

  /// A number with six decimals, as C prints it.
  private static func sixDecimals(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    return FixedPoint.text(value, decimals: 6)
  }
}
