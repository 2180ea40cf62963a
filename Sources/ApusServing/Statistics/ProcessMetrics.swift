internal import CApusPlatform

/// What the machine and the process use.
enum ProcessMetrics {
  static func write(_ writer: inout MetricsWriter) {
    if let memory = memory() {
      writer.begin("nv_cpu_memory_total_bytes", "CPU total memory (RAM), in bytes", "gauge")
      writer.sample("nv_cpu_memory_total_bytes", [], memory.total)
      writer.begin("nv_cpu_memory_used_bytes", "CPU used memory (RAM), in bytes", "gauge")
      writer.sample("nv_cpu_memory_used_bytes", [], memory.used)
    }
    if let utilization = utilization() {
      writer.begin("nv_cpu_utilization", "CPU utilization rate [0.0 - 1.0]", "gauge")
      writer.sample("nv_cpu_utilization", [], utilization)
    }
    writer.begin("process_resident_memory_bytes", "Resident memory size in bytes.", "gauge")
    writer.sample("process_resident_memory_bytes", [], apus_resident_bytes())
  }

  /// Nil where the system does not say.
  private static func memory() -> (total: UInt64, used: UInt64)? {
    guard let text = try? SmallFile.pseudo("/proc/meminfo") else { return nil }
    func value(_ name: String) -> UInt64? {
      for line in text.split(separator: "\n") where line.hasPrefix(name + ":") {
        return line.split(separator: " ").dropFirst().first.flatMap { UInt64($0) }
      }
      return nil
    }
    guard let total = value("MemTotal"), let free = value("MemAvailable") else { return nil }
    return (total * 1024, total >= free ? (total - free) * 1024 : 0)
  }

  private static let last = UtilizationWindow()

  /// The share of all processors' time since the last call that was not idle.
  private static func utilization() -> Double? {
    guard let text = try? SmallFile.pseudo("/proc/stat"),
      let line = text.split(separator: "\n").first
    else { return nil }
    let values = line.split(separator: " ").dropFirst().compactMap { UInt64($0) }
    guard values.count >= 5 else { return nil }
    let total = values.reduce(0, &+)
    return last.advance(total: total, idle: values[3] &+ values[4])
  }
}
