import Foundation

/// An import as it is written in a Swift file.
struct SourceImport {
  var module: String
  /// The file and the line, such as `Sources/Core/Tensors/Tensor.swift:3`.
  var place: String

  /// The imports of a file.
  static func all(in source: String, of file: String) -> [SourceImport] {
    source.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
      .compactMap { index, line in
        module(importedBy: line).map { SourceImport(module: $0, place: "\(file):\(index + 1)") }
      }
  }

  /// The imports of every Swift file below a folder of the package.
  static func all(below folder: String) throws -> [SourceImport] {
    try files(below: folder).flatMap { file in
      let url = PackageManifest.root.appending(path: file)
      return all(in: try String(contentsOf: url, encoding: .utf8), of: file)
    }
  }

  /// The Swift files below a folder, as paths in the package.
  static func files(below folder: String) throws -> [String] {
    let top = PackageManifest.root.appending(path: folder).path
    return try FileManager.default.subpathsOfDirectory(atPath: top).sorted()
      .filter { $0.hasSuffix(".swift") }.map { "\(folder)/\($0)" }
  }

  /// The module that a line imports: behind attributes, an access level, `import` and a kind of
  /// declaration, and before a dot.
  private static func module(importedBy line: Substring) -> String? {
    // Most lines are none, and end here.
    guard let first = line.utf8.first(where: { $0 != UInt8(ascii: " ") }),
      "@ipf".utf8.contains(first)
    else { return nil }
    let words = line.split(separator: " ").drop { $0.hasPrefix("@") || accessLevels.contains($0) }
    guard words.first == "import",
      let name = words.dropFirst().first(where: { !kinds.contains($0) })
    else { return nil }
    return name.split(separator: ".").first.map(String.init)
  }

  private static let accessLevels: Set<Substring> = [
    "public", "package", "internal", "fileprivate", "private",
  ]
  private static let kinds: Set<Substring> = [
    "struct", "class", "enum", "protocol", "typealias", "func", "let", "var",
  ]
}
