internal import Apus
internal import ApusTensor
internal import Foundation

/// The classes that logits [n, classes] speak for.
struct Classification {
  let classes: [Int]
  /// The softmax probability of each class chosen.
  let confidence: [Double]

  init(_ logits: HostTensor) throws(ApusError) {
    guard logits.rank == 2, let width = logits.shape.last, width > 0,
      let values = try? logits.reals()
    else { throw ApusError(.internalFailure, "the classifier gives \(logits.type)") }
    var classes: [Int] = []
    var confidence: [Double] = []
    for start in stride(from: 0, to: values.count, by: width) {
      let row = values[start..<(start + width)]
      guard let best = row.indices.max(by: { row[$0] < row[$1] }) else { continue }
      classes.append(best - start)
      confidence.append(1 / row.reduce(0) { $0 + exp($1 - row[best]) })
    }
    self.classes = classes
    self.confidence = confidence
  }
}

/// A scan drawn with shades, two characters a pixel.
enum ScanPicture {
  static let width = 16
  private static let shades: [Character] = [" ", "░", "▒", "▓", "█"]

  /// The lines of one scan of [n, 1, height, width].
  static func lines(pixels: [Double], index: Int, shape: [Int]) -> [String] {
    let height = shape[2]
    let width = shape[3]
    return (0..<height).map { row in
      var line = ""
      for column in 0..<width {
        let value = pixels[(index * height + row) * width + column]
        let shade = Int((min(max(value, 0), 1) * Double(shades.count - 1)).rounded())
        line.append(contentsOf: [shades[shade], shades[shade]])
      }
      return line
    }
  }
}
