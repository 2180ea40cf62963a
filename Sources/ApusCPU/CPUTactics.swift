package import ApusEngine
internal import CApusCPU

/// Everything that computes on the CPU, in the order in which regions are offered.
package enum CPUTactics {
  package static let sources: [any TacticSource] = [
    GemmTactics(),
    ConvolutionTactics(),
    ElementwiseTactics(),
    NormTactics(),
    SoftmaxTactics(),
    ReduceTactics(),
    PoolTactics(),
    CopyTactics(),
    GatherTactics(),
    ScanTactics(),
  ]

  /// The instruction set level that kernels use here, such as `avx2`.
  package static var instructionSet: String {
    unsafe String(cString: apus_isa_name(apus_cpu_isa()))
  }

  /// All processor features that kernels may care about; the key of what was tuned here.
  package static var features: String { unsafe String(cString: apus_cpu_features()) }
}
