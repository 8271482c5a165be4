public import Foundation

/// The folder `Fixtures` of the package, found from this file.
public enum FixtureFolder {
  public static let url = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures")

  public static func path(_ relative: String) -> String { url.appending(path: relative).path }

  /// File names in a folder, sorted.
  public static func names(in relative: String, suffix: String = "") -> [String] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: path(relative))) ?? []
    return all.filter { $0.hasSuffix(suffix) }.sorted()
  }

  public static func bytes(_ relative: String) throws -> [UInt8] {
    try Array(Data(contentsOf: url.appending(path: relative)))
  }
}
