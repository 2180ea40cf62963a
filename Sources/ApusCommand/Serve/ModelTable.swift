#if Server
internal import ApusServing
internal import ApusServingSchema

/// Models and their states as a table.
enum ModelTable {
  static func text(_ server: InferenceServer) -> String {
    var rows = [["Model", "Version", "Status"]]
    let index = (try? server.index(onlyReady: false)) ?? []
    for item in index where !item.state.isEmpty {
      let status = item.reason.isEmpty ? item.state : "\(item.state): \(item.reason)"
      rows.append([item.name, item.version.isEmpty ? "-" : item.version, status])
    }
    if rows.count == 1 { return "no models" }
    let widths = (0..<2).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row[0].padding(to: widths[0]) + "  " + row[1].padding(to: widths[1]) + "  " + row[2]
    }.joined(separator: "\n")
  }
}

extension String {
  fileprivate func padding(to width: Int) -> String {
    self + String(repeating: " ", count: max(width - count, 0))
  }
}
#endif
