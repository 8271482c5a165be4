public import DVLADiagnostics
import DVLAFiles
public import DVLAHashing

/// A finished folder of observations. Files are read, and compared with the index, one at a time
/// when they are asked for.
public struct ObservationFolder: Sendable {
  /// As it was given.
  public let path: String
  /// In the order of the index; at least one.
  public let entries: [ObservationIndex.Entry]
  /// SHA-256 of the index, and so of everything: what a verdict names the observations by.
  public let digest: Digest

  /// Reads the index of a folder. Every file that it lists is there.
  ///
  /// - Throws: `observation.missing` for no folder, no index or a file that is not there;
  ///   `observation.size`, `observation.index`, `observation.format`, `observation.version`,
  ///   `observation.duplicate`, `observation.io`.
  public init(path: String) throws(WeightsError) {
    self.path = path
    do throws(WeightsError) { _ = try InputFolder(path: path) } catch {
      throw error.ofObservations(missing: "no such folder")
    }
    let file = Self.path(of: ObservationIndex.fileName, in: path)
    let contents: [UInt8]
    do throws(WeightsError) {
      contents = try readWholeFile(path: file, limit: ObservationLimits.index)
    } catch {
      throw error.ofObservations(missing: "no index: the folder was not finished")
    }
    entries = try inFile(file) { () throws(WeightsError) in
      try ObservationIndex.decode(contents)
    }
    digest = SHA256.hash(contents)
    for entry in entries {
      let file = Self.path(of: entry.file, in: path)
      do throws(WeightsError) {
        if try FileIdentity(path: file) != nil { continue }
      } catch {
        throw error.ofObservations(missing: Self.unlisted)
      }
      throw WeightsError(.observationMissing, .notFound, file: file, Self.unlisted)
    }
  }

  private static let unlisted = "\(ObservationIndex.fileName) lists a file that is not there"

  private static func path(of name: String, in folder: String) -> String {
    folder + (folder.hasSuffix("/") ? "" : "/") + name
  }

  /// The path of the file of an observation.
  public func path(at index: Int) -> String { Self.path(of: entries[index].file, in: path) }

  /// Reads an observation, after the file was compared with the index.
  ///
  /// - Throws: `observation.missing`, `observation.io`; `observation.digest` where the file is not
  ///   the one that the index lists; as ``ObservationFile/decode(_:file:)``.
  /// - Precondition: the index has so many entries.
  public func observation(at index: Int) throws(WeightsError) -> RecordedObservation {
    let entry = entries[index]
    let file = path(at: index)
    let contents: [UInt8]
    do throws(WeightsError) {
      contents = try readWholeFile(path: file, limit: ObservationLimits.file)
    } catch {
      throw error.ofObservations(missing: Self.unlisted)
    }
    guard contents.count == entry.byteCount, SHA256.hash(contents) == entry.sha256 else {
      throw WeightsError(
        .observationDigest, file: file,
        "the file is not the one that \(ObservationIndex.fileName) lists")
    }
    return try ObservationFile.decode(contents, file: file)
  }
}

extension WeightsError {
  /// An error of reading a file as one of this format.
  fileprivate func ofObservations(missing rule: String) -> WeightsError {
    switch code {
    case .fileNotFound, .fileNotFolder, .fileNotRegular, .filePath:
      WeightsError(.observationMissing, .notFound, file: file, rule)
    case .fileTooLarge: WeightsError(.observationSize, file: file, message)
    default: WeightsError(.observationIO, .inputOutput, file: file, message)
    }
  }
}
