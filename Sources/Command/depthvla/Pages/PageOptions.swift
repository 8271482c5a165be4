import ArgumentParser
import DVLADiagnostics
import DVLAFiles

/// The page that a command writes beside what it prints.
struct PageOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Also write the result as an HTML page.", valueName: "out.html"))
  var report: String?

  @Flag(help: "Replace --report if it exists.")
  var force = false

  func validate() throws {
    if force, report == nil { throw ValidationError("--force goes with --report") }
  }

  /// The file of the page, unfinished; nil where none is asked for.
  ///
  /// - Throws: what creating it throws.
  func file() throws(WeightsError) -> AtomicOutputFile? {
    guard let report else { return nil }
    return try AtomicOutputFile(path: report, overwrite: force)
  }
}

extension AtomicOutputFile {
  /// Writes the page and gives it its name.
  ///
  /// - Throws: `file.no-space`, `file.write`, and what ``commit(after:)`` throws.
  func finish(page html: String) throws(WeightsError) {
    try write(unsafe html.utf8.span.bytes, at: 0)
    try commit()
  }
}
