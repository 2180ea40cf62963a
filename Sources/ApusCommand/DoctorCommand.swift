internal import Apus
internal import ApusBuilder
internal import ApusCPU
internal import ApusEngine
internal import ApusIR
internal import ApusRuntime
internal import ApusTensor
internal import ArgumentParser

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Shows what Apus finds on this machine and checks that it computes rightly here.",
    discussion: """
      Exit code 1 where the check of the kernels fails.

      Examples:
        apus doctor
        apus doctor --json
      """)

  @Flag(help: "Prints everything as JSON.") var json = false

  func run() throws {
    let driver = CUDADriver.report()
    let check = SelfCheck.run()
    if json { print(object(driver, check)) } else { text(driver, check) }
    if let problem = check.problem {
      throw ApusError(
        .internalFailure, "the kernels' results are wrong on this machine: \(problem)",
        hint: "please report this with the output of apus doctor --json")
    }
  }

  private static let libraries: [(name: String, files: [String], use: String)] = [
    ("CUDA driver", ["libcuda.so.1", "libcuda.so"], "GPUs"),
    ("NVRTC", ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"], "generated GPU kernels"),
    ("cuBLASLt", ["libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so"], "GPU products"),
    ("cuDNN", ["libcudnn.so.9", "libcudnn.so.8", "libcudnn.so"], "GPU convolutions"),
  ]

  private func isFound(_ files: [String]) -> Bool {
    let library = DynamicLibrary(files)
    return switch consume library {
    case .some: true
    case .none: false
    }
  }

  private func text(_ driver: CUDADriver.Report?, _ check: SelfCheck) {
    func line(_ name: String, _ value: String) {
      print(name + String(repeating: " ", count: max(1, 14 - name.count)) + value)
    }
    line("Apus", "\(Compiler.version) (\(BuildInfo.commit))")
    line("System", Machine.system)
    line("Processor", Machine.processor)
    line("Instructions", "\(CPUTactics.instructionSet) kernels")
    line("Features", CPUTactics.features)
    line("Threads", "\(Machine.usableProcessors) usable of \(Machine.processors)")
    var memory = MemorySize.text(Machine.memory)
    if let available = Machine.availableMemory {
      memory += ", \(MemorySize.text(available)) available"
    }
    line("Memory", memory)
    if let driver {
      line("GPU", driver.problem ?? driver.devices.joined(separator: "; "))
      line("", "CUDA driver \(driver.version); this build does not compute on GPUs yet")
    } else {
      line("GPU", "none: there is no CUDA driver library (libcuda.so.1)")
    }
    for library in Self.libraries {
      line(library.name, isFound(library.files) ? "found" : "not found (for \(library.use))")
    }
    line("Kernels", check.problem.map { "WRONG: \($0)" } ?? "\(check.count) checked, all right")
  }

  private func object(_ driver: CUDADriver.Report?, _ check: SelfCheck) -> JSON {
    .object([
      "version": .text(Compiler.version), "commit": .text(BuildInfo.commit),
      "system": .text(Machine.system), "processor": .text(Machine.processor),
      "instructionSet": .text(CPUTactics.instructionSet), "features": .text(CPUTactics.features),
      "usableThreads": .integer(Machine.usableProcessors),
      "processors": .integer(Machine.processors), "memoryBytes": .integer(Machine.memory),
      "availableMemoryBytes": Machine.availableMemory.map(JSON.integer) ?? .null,
      "gpus": .texts(driver?.devices ?? []),
      "cudaDriver": driver.map { .text($0.version) } ?? .null,
      "gpuProblem": driver?.problem.map(JSON.text) ?? .null,
      "libraries": .object(
        Dictionary(
          Self.libraries.map { ($0.name, JSON.boolean(isFound($0.files))) },
          uniquingKeysWith: { $1 })),
      "kernelsChecked": .integer(check.count),
      "kernelProblem": check.problem.map(JSON.text) ?? .null,
    ])
  }
}

/// Small graphs computed by this machine's kernels and by the reference.
struct SelfCheck {
  private(set) var count = 0
  private(set) var problem: String?

  static func run() -> SelfCheck {
    var check = SelfCheck()
    do { try check.verify(try graph()) } catch { check.problem = "\(error)" }
    return check
  }

  /// A product and a softmax over it.
  private static func graph() throws -> Graph {
    var random = RandomTensors(seed: 7)
    var graph = Graph(name: "check")
    let input = graph.addInput("x", TensorType(.float32, [.symbol("n"), 48]))
    let weight = graph.addWeight("w", try random.tensor(.float32, [48, 37], name: "w"))
    let product = try graph.append(MatMul(), [input, weight], name: "product")
    let normal = try graph.append(Softmax(axis: -1), [product.first], name: "softmax")
    for (name, values) in [("y", product), ("z", normal)] {
      for value in values { graph.addOutput(name, value) }
    }
    return graph
  }

  private mutating func verify(_ graph: Graph) throws {
    var random = RandomTensors(seed: 8)
    var options = BuildOptions()
    options.level = 0
    let engine = try Compiler.build(graph, options).engine
    let session = engine.makeSession()
    for rows in [1, 5, 33] {
      let input = try random.tensor(.float32, [rows, 48], name: "x")
      let found = try session.run(ordered: [input])
      let expected = try ReferenceEvaluator(graph).run([input])
      for (a, b) in zip(found, expected) {
        let comparison = Comparison(
          found: a, expected: b, tolerance: .scaled(relative: 1e-5, absolute: 0))
        count += 1
        if !comparison.agrees { problem = "\(comparison)" }
      }
    }
  }
}
