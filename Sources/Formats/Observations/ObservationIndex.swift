public import DVLADiagnostics
public import DVLAHashing
import DVLAJSON

/// The index of a folder of observations: `observations.json`.
public enum ObservationIndex {
  public static let fileName = "observations.json"
  static let format = "depthvla-observations"
  private static let suffix = ".safetensors"

  /// A line of the index.
  public struct Entry: Sendable, Hashable {
    public let file: String
    public let byteCount: Int
    /// Of the whole file.
    public let sha256: Digest

    public init(file: String, byteCount: Int, sha256: Digest) {
      (self.file, self.byteCount, self.sha256) = (file, byteCount, sha256)
    }
  }

  /// - Throws: `observation.size`, `observation.index`, `observation.format`,
  ///   `observation.version`, `observation.duplicate`. They do not name the file.
  public static func decode(_ contents: [UInt8]) throws(WeightsError) -> [Entry] {
    guard contents.count <= ObservationLimits.index else {
      throw WeightsError(
        .observationSize, "expected at most \(ObservationLimits.index) bytes")
    }
    let document: JSONValue
    do throws(WeightsError) {
      // Every entry is an object of three values.
      document = try StrictJSON.parse(
        contents, limits: JSONLimits(maximumValueCount: 4_000_000, maximumObjectCount: 1_000_000))
    } catch {
      throw error.about(nil, else: .observationIndex)
    }
    guard let index = document.object, index["format"] == .string(format) else {
      throw WeightsError(
        .observationFormat, "format: expected an object with the format \(format)")
    }
    guard index["version"] == .integer(1) else {
      throw WeightsError(
        .observationVersion,
        "version: expected 1, found \(index["version"]?.encoded() ?? "no such key")")
    }
    guard index.count == 3, let lines = index["observations"] else {
      throw WeightsError(
        .observationIndex, "expected the keys format, version and observations alone")
    }
    guard let lines = lines.array, !lines.isEmpty else {
      throw WeightsError(
        .observationIndex, "observations: expected an array of at least one observation")
    }
    var entries: [Entry] = []
    var names: Set<String> = []
    for (number, line) in lines.enumerated() {
      do throws(WeightsError) {
        let entry = try self.entry(line)
        guard names.insert(entry.file).inserted else {
          throw WeightsError(
            .observationDuplicate, "expected every file once, found \(entry.file) again")
        }
        entries.append(entry)
      } catch {
        throw error.prefixed("observations[\(number)]: ")
      }
    }
    return entries
  }

  private static func entry(_ line: JSONValue) throws(WeightsError) -> Entry {
    guard let line = line.object, line.count == 3, let name = line["file"],
      let size = line["bytes"], let digest = line["sha256"]
    else {
      throw WeightsError(.observationIndex, "expected the keys file, bytes and sha256 alone")
    }
    guard let name = name.string, isName(name) else {
      throw WeightsError(
        .observationIndex,
        "expected a plain name that ends in \(suffix), found \(name.encoded().escapedForTerminal)")
    }
    guard let size = size.integer, (1...ObservationLimits.file).contains(size) else {
      throw WeightsError(
        .observationIndex,
        "expected 1 to \(ObservationLimits.file) bytes, found "
          + size.encoded().escapedForTerminal)
    }
    guard let digest = digest.string.flatMap(Digest.init(hex:)) else {
      throw WeightsError(
        .observationIndex, "expected 64 digits of lower-case hexadecimal as sha256")
    }
    return Entry(file: name, byteCount: size, sha256: digest)
  }

  /// ASCII letters, digits, `.`, `_` and `-`, not beginning with `.`.
  private static func isName(_ name: String) -> Bool {
    guard name.hasSuffix(suffix) else { return false }
    let stem = name.utf8.dropLast(suffix.utf8.count)
    return (1...200).contains(stem.count) && stem.first != UInt8(ascii: ".")
      && stem.allSatisfy { $0 != UInt8(ascii: "/") && $0.isOfNames }
  }

  /// The text of an index, as the Python package writes it.
  public static func encode(_ entries: [Entry]) -> String {
    var text = """
      {
       "format": "\(format)",
       "version": 1,
       "observations": [

      """
    for (number, entry) in entries.enumerated() {
      text += """
          {
           "file": "\(entry.file)",
           "bytes": \(entry.byteCount),
           "sha256": "\(entry.sha256.hex)"
          }\(number == entries.count - 1 ? "" : ",")

        """
    }
    return text + " ]\n}\n"
  }
}
