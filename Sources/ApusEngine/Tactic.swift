internal import ApusIR
package import ApusTensor

/// One way to compute a region, as data: which source offers it and the parameters that it needs to
/// make kernels again.
package struct Tactic: Hashable, Sendable {
  /// `TacticSource.name`.
  package let source: String
  /// Unique within the source, such as `gemm.avx2.6x16`.
  package let name: String
  /// Raised when parameters or packed layouts change meaning.
  package let version: Int
  package let parameters: [Int]

  package init(source: String, name: String, version: Int = 1, parameters: [Int] = []) {
    self.source = source
    self.name = name
    self.version = version
    self.parameters = parameters
  }
}

/// A constant operand in the layout that a tactic reads.
package struct PackedWeight: Sendable {
  package let operand: Int
  package let tensor: HostTensor

  package init(operand: Int, tensor: HostTensor) {
    self.operand = operand
    self.tensor = tensor
  }
}

/// Which buffers of a region a tactic takes at any strides; all others are dense, row-major.
package struct StridedAccess: Hashable, Sendable {
  /// Positions of operands that are read through `RegionInstance.strides(operand:)`.
  package var operands: Set<Int>
  /// Whether results are written through `RegionInstance.strides(result:)`. Such a tactic leaves alone
  /// an operand that already lies where it belongs in the result.
  package var results: Bool

  package init(operands: Set<Int> = [], results: Bool = false) {
    self.operands = operands
    self.results = results
  }
}

/// Offers tactics for regions and turns them into kernels.
package protocol TacticSource: Sendable {
  var name: String { get }

  /// Tactics that can compute the region at every shape it may take, the likely fastest first.
  func tactics(for region: Region) -> [Tactic]

  /// Constant operands in the tactic's own layout; operands not listed are read as they are.
  func pack(_ tactic: Tactic, _ region: Region) throws(TacticError) -> [PackedWeight]

  /// The sizes in bytes of what `pack` makes, by operand.
  func packedByteCounts(_ tactic: Tactic, _ region: Region) throws(TacticError) -> [Int: Int]

  /// The buffers that the tactic takes at any strides; none unless said otherwise.
  func stridedAccess(_ tactic: Tactic, _ region: Region) -> StridedAccess

  /// Appends the kernels of the region at fixed shapes.
  func instantiate(_ tactic: Tactic, _ instance: inout RegionInstance) throws(TacticError)
}

extension TacticSource {
  package func pack(_ tactic: Tactic, _ region: Region) throws(TacticError) -> [PackedWeight] { [] }

  package func packedByteCounts(
    _ tactic: Tactic, _ region: Region
  ) throws(TacticError) -> [Int: Int] { [:] }

  package func stridedAccess(_ tactic: Tactic, _ region: Region) -> StridedAccess {
    StridedAccess()
  }
}

package enum TacticError: Error, Sendable {
  /// The tactic is unknown to its source or from another version of it.
  case unknown(Tactic)
  /// The tactic cannot compute this region after all.
  case unsuitable(Tactic, reason: String)
  case tensor(TensorError)
}

extension TacticError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unknown(let tactic):
      "tactic '\(tactic.name)' version \(tactic.version) of '\(tactic.source)' is not known here"
    case .unsuitable(let tactic, let reason): "tactic '\(tactic.name)' cannot be used: \(reason)"
    case .tensor(let error): error.description
    }
  }
}
