import DVLADiagnostics
import DVLAFiles
import DVLAHashing

/// The folder that a recorder writes to: files with running numbers, and an index that lists the
/// newest within the limits. One thread uses it.
///
/// Whenever the process ends, the folder can be read: a file is there before the index lists it,
/// and goes after the index has ceased to. A file that the index does not list yet is taken in when
/// the folder is opened again.
struct RecordingFolder {
  private static let lockName = ".observations.lock"
  private static let digits = 12
  private static let suffix = ".safetensors"

  private let folder: ClaimedFolder
  private let limits: ObservationRecorder.Limits
  private(set) var entries: [ObservationIndex.Entry] = []
  private(set) var byteCount = 0
  /// Files that the index on the disk may list, and the next one does not.
  private var retired: [String] = []
  private var next = 0
  /// Whether the index on the disk lacks something.
  private(set) var isStale = false

  /// - Throws: `observation.exists` for a folder with anything but recordings, or that another
  ///   process records to; `observation.create`; as ``ObservationIndex``.
  init(
    path: String, limits: ObservationRecorder.Limits
  ) throws(WeightsError) {
    self.limits = limits
    do throws(WeightsError) {
      folder = try ClaimedFolder(path: path, lock: Self.lockName) {
        (names) throws(WeightsError) in
        try Self.check(names, in: path)
      }
    } catch {
      if error.code == .fileClaimed {
        throw WeightsError(.observationExists, .cannotCreate, file: path, error.message)
      }
      if error.code.rawValue.hasPrefix("observation.") { throw error }
      throw WeightsError(.observationCreate, .cannotCreate, file: path, error.message)
    }
    do throws(WeightsError) {
      try takeIn()
      try writeIndex()
    } catch {
      if error.code.rawValue.hasPrefix("observation.") { throw error }
      throw WeightsError(.observationIO, .inputOutput, file: error.file ?? path, error.message)
    }
  }

  /// Rotation removes what it finds, so that nothing but recordings may be there.
  private static func check(_ names: [String], in path: String) throws(WeightsError) {
    if names.contains(ObservationIndex.fileName) { return }
    let others = names.filter { name in
      let isTemporary = name.hasPrefix(".") && name.contains(".partial-")
      return name != lockName && !isTemporary && number(of: name) == nil
    }
    guard let other = others.min() else { return }
    throw WeightsError(
      .observationExists, .cannotCreate, file: path,
      "expected no such folder, an empty one, or one with recordings; found \(other.quoted)")
  }

  /// The number of a file that a recorder wrote.
  private static func number(of name: String) -> Int? {
    let stem = name.utf8.dropLast(suffix.utf8.count)
    guard name.hasSuffix(suffix), stem.count == digits, stem.allSatisfy({ 0x30...0x39 ~= $0 })
    else { return nil }
    return Int(String(stem) ?? "")
  }

  /// Continues what is there.
  private mutating func takeIn() throws(WeightsError) {
    let names = try folder.names().filter { Self.number(of: $0) != nil }
    let there = Set(names)
    if try folder.names().contains(ObservationIndex.fileName) {
      let file = folder.path(of: ObservationIndex.fileName)
      let listed = try inFile(file) { () throws(WeightsError) in
        try ObservationIndex.decode(
          try readWholeFile(path: file, limit: ObservationLimits.index))
      }
      if let other = listed.first(where: { Self.number(of: $0.file) == nil }) {
        throw WeightsError(
          .observationExists, .cannotCreate, file: folder.path,
          "expected a folder that was recorded to, found observations of another origin, such as "
            + "\(other.file); they would be removed in time")
      }
      // One that a user took out is no longer listed.
      entries = listed.filter { there.contains($0.file) }
      isStale = entries.count < listed.count
    }
    let last = entries.last?.file ?? ""
    let listed = Set(entries.map(\.file))
    for name in names where !listed.contains(name) {
      guard last.utf8.lexicographicallyPrecedes(name.utf8) else {
        // The process ended between the index and the removal.
        retired.append(name)
        continue
      }
      let contents = try readWholeFile(
        path: folder.path(of: name), limit: ObservationLimits.file)
      guard (try? ObservationFile.decode(contents, file: name)) != nil else { continue }
      entries.append(
        .init(file: name, byteCount: contents.count, sha256: SHA256.hash(contents)))
      isStale = true
    }
    byteCount = entries.reduce(0) { $0 + $1.byteCount }
    next = (names.last.flatMap(Self.number) ?? -1) + 1
    retire()
  }

  /// Writes a file with the next number. The index does not list it before ``writeIndex()``.
  ///
  /// - Throws: `observation.size` where it exceeds the limit alone; `file.*`.
  mutating func add(_ contents: [UInt8]) throws(WeightsError) {
    guard contents.count <= limits.byteCount else {
      throw WeightsError(
        .observationSize, file: folder.path,
        "an observation of \(contents.count) bytes exceeds the limit of \(limits.byteCount)")
    }
    let number = String(next)
    let zeros = String(repeating: "0", count: max(0, Self.digits - number.utf8.count))
    let name = zeros + number + Self.suffix
    let file = try AtomicOutputFile(path: folder.path(of: name), overwrite: false)
    try file.write(unsafe contents.span.bytes, at: 0)
    try file.commit()
    next += 1
    entries.append(
      .init(file: name, byteCount: contents.count, sha256: SHA256.hash(contents)))
    byteCount += contents.count
    isStale = true
    retire()
  }

  private mutating func retire() {
    var count = 0
    while entries.count - count > limits.count || byteCount > limits.byteCount {
      byteCount -= entries[count].byteCount
      retired.append(entries[count].file)
      count += 1
    }
    if count > 0 {
      entries.removeFirst(count)
      isStale = true
    }
  }

  /// Writes the index, then removes what it no longer lists.
  ///
  /// - Throws: `file.*`. The folder is as it was then, but for files that could be removed.
  mutating func writeIndex() throws(WeightsError) {
    if isStale, entries.isEmpty {
      // An index lists at least one.
      try folder.remove(ObservationIndex.fileName)
      isStale = false
    } else if isStale {
      let file = try AtomicOutputFile(
        path: folder.path(of: ObservationIndex.fileName), overwrite: true)
      let text = ObservationIndex.encode(entries)
      try file.write(unsafe text.utf8.span.bytes, at: 0)
      try file.commit()
      isStale = false
    }
    while let name = retired.last {
      try folder.remove(name)
      retired.removeLast()
    }
  }
}
