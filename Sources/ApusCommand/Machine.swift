internal import CApusPlatform
internal import Foundation

/// Facts about this machine.
enum Machine {
  /// The processor's name, as the system gives it.
  static var processor: String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    let name = line?.split(separator: ":", maxSplits: 1).last
    return name.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown processor"
  }

  static var usableProcessors: Int { Int(apus_usable_cpus()) }
  static var processors: Int { ProcessInfo.processInfo.processorCount }
  static var memory: Int { Int(clamping: ProcessInfo.processInfo.physicalMemory) }

  /// Bytes that can be had without swapping; nil where the system does not say.
  static var availableMemory: Int? {
    let text = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
    return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
  }

  static var system: String { ProcessInfo.processInfo.operatingSystemVersionString }
}
