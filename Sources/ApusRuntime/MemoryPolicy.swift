/// How much memory a run may take where nobody set a limit.
///
/// A model of a few bytes can ask for any amount, so the limit grows with what the model and the
/// inputs weigh: networks need a few times their weights, or some dozen tensors of the size of an
/// input, and the rest is a generous constant.
enum MemoryPolicy {
  static let base = 768 << 20
  static let perWeightByte = 8
  static let perInputByte = 64

  static func defaultLimit(weightBytes: Int, inputBytes: Int) -> Int {
    func times(_ count: Int, _ factor: Int) -> Int {
      let (product, overflow) = count.multipliedReportingOverflow(by: factor)
      return overflow ? .max / 4 : product
    }
    let grown = times(weightBytes, perWeightByte).addingReportingOverflow(
      times(inputBytes, perInputByte))
    let (limit, overflow) = grown.partialValue.addingReportingOverflow(base)
    return grown.overflow || overflow ? .max : limit
  }
}
