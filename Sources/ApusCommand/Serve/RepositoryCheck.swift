#if Server
internal import Apus
internal import ApusServing
internal import ApusServingSchema

/// Loads the models of a repository without serving them, and reports.
struct RepositoryCheck {
  private let options: ServerOptions
  private let loader: EngineModelLoader

  init(_ options: ServerOptions, _ loader: EngineModelLoader) {
    self.options = options
    self.loader = loader
  }

  /// Prints a line for each model; throws where one cannot be loaded.
  func run() throws {
    var options = options
    options.repository.control = .none
    options.repository.startupModels = []
    let server: InferenceServer
    do throws(ServingError) {
      server = try InferenceServer(
        options, loader: loader, settings: ServerSettings(), note: { _ in })
    } catch { throw ApusError(.invalidInput, error.message) }
    let checked = server
    try Blocking.run {
      do throws(ServingError) { try await checked.start() } catch {
        throw ApusError(.invalidInput, error.message)
      }
    }
    print(ModelTable.text(server))
    let failures = server.repository.failures
    if !failures.isEmpty {
      let count = failures.count
      throw ApusError(.invalidInput, "\(count) model\(count == 1 ? "" : "s") cannot be loaded")
    }
  }
}

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
