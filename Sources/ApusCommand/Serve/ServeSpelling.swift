#if Server
/// A command line in `tritonserver`'s spelling, turned into `apus serve`'s.
package struct ServeSpelling: Sendable {
  package private(set) var arguments: [String]
  /// A line for each flag that was understood and has no effect.
  package private(set) var notes: [String] = []

  /// Nil where the line asks for something else than serving. The program's name comes first.
  package init?(_ line: [String]) {
    let program = line.first?.split(separator: "/").last ?? "apus"
    var rest = line.dropFirst()
    if program == "tritonserver" {
      if rest.first == "serve" { rest = rest.dropFirst() }
    } else {
      guard rest.first == "serve" else { return nil }
      rest = rest.dropFirst()
    }
    arguments = ["serve"]
    while let argument = rest.popFirst() {
      let name = argument.prefix { $0 != "=" }
      guard let reason = Self.inert[String(name)] else {
        arguments.append(argument)
        continue
      }
      if !argument.contains("="), let next = rest.first, !next.hasPrefix("-") {
        rest = rest.dropFirst()
      }
      notes.append("\(name) has no effect: \(reason)")
    }
  }

  private static let backends = "all backends are part of the program"
  private static let gpu = "models run on the CPU"
  private static let pools = "memory is taken as models need it"
  private static let frontEnds = "requests wait on event loops, not on threads"

  private static let inert: [String: String] = [
    "--backend-directory": backends, "--repoagent-directory": "there are no repository agents",
    "--cache-directory": "the local cache is part of the program",
    "--pinned-memory-pool-byte-size": gpu, "--cuda-memory-pool-byte-size": gpu,
    "--cuda-virtual-address-size": gpu, "--min-supported-compute-capability": gpu,
    "--model-load-gpu-limit": gpu, "--enable-peer-access": gpu, "--allow-gpu-metrics": gpu,
    "--metrics-interval-ms": "metrics are read when they are asked for",
    "--allow-cpu-metrics": "they cost nothing until they are asked for",
    "--host-policy": "threads follow the process's own affinity",
    "--buffer-manager-thread-count": pools, "--grpc-infer-allocation-pool-size": pools,
    "--grpc-max-response-pool-size": pools, "--grpc-infer-thread-count": frontEnds,
  ]
}
#endif
