import ApusIR
import ApusTensor

/// Short forms for tests of operators over strings.
enum TextProbe {
  static func texts(_ values: [String], _ shape: [Int]? = nil) throws -> HostTensor {
    try HostTensor(texts: values, shape: shape ?? [values.count])
  }

  static func texts(_ tensor: HostTensor) -> [String] {
    if case .texts(let texts) = tensor.content { texts } else { ["no strings"] }
  }
}
