import DVLABundles
public import DVLADiagnostics
import DVLAFiles
import DVLAJSON
import DVLAQuantization
import DVLARemapping
import DVLATensors

/// What a bundle says of how it was made, read back.
struct BundleRecord {
  struct Source {
    let family: String
    let naming: String
    let wrapping: NameWrapping
    let files: [File]
    let config: JSONValue?
    /// Whether the user gave it; otherwise it was found beside the weights.
    let isConfigGiven: Bool
    let ledger: [Entry]
  }

  struct File {
    let name: String
    let metadata: [(String, String)]?
  }

  /// One tensor of a source and what became of it.
  struct Entry {
    let info: TensorInfo
    let file: Int
    /// The name under which the bundle keeps it although nothing reads it.
    let keptAs: TensorName?
    /// Why the bundle does not hold it; nil where it does.
    let dropped: String?
    /// The component it belongs to, where the bundle takes that from elsewhere or has none.
    let notTaken: String?
  }

  let path: String
  let sources: [Source]
  /// The assets that the user named, as opposed to those found beside the weights.
  let givenAssets: Set<String>
  private let options: JSONObjectReader
  private let recipe: JSONValue
  private let recordedProcessing: Configuration

  /// - Throws: `json.*` and `bundle.record` when the documents are not as `convert` writes them.
  init(_ bundle: WeightBundle) throws(WeightsError) {
    path = bundle.path
    recipe = bundle.documents.recipe
    let processing = bundle.documents.configuration.object?["processing"]
    var members = processing.map { [("processing", $0)] } ?? []
    // A pipeline or lerobot's config.json says these too.
    for key in ["max_token_len", "image_fit"] {
      guard let value = bundle.documents.configuration.object?[key] else { continue }
      members.append((key, value))
    }
    recordedProcessing = try Configuration(
      json: .object(JSONObject(members)), origin: "the bundle")
    (options, givenAssets, sources) = try inFile(bundle.path) { () throws(WeightsError) in
      let provenance = try JSONReader(bundle.documents.provenance, path: "provenance").object()
      var given: Set<String> = []
      let options = try provenance.required("options").object()
      for name in try options.optional("given_assets")?.array() ?? [] {
        given.insert(try name.string())
      }
      let ledgers = try JSONReader(bundle.documents.ledger, path: "ledger").array()
      let readers = try provenance.required("sources").array()
      guard ledgers.count == readers.count else {
        throw WeightsError(
          .bundleRecord,
          "ledger: expected one list for each of \(readers.count) sources, found \(ledgers.count)")
      }
      var sources: [Source] = []
      for (reader, ledger) in zip(readers, ledgers) { sources.append(try Source(reader, ledger)) }
      return (options, given, sources)
    }
  }

  /// The options the bundle was converted with.
  func options(threads: Int) throws(WeightsError) -> ConversionOptions {
    try inFile(path) { () throws(WeightsError) in
      var result = ConversionOptions(recipe: try Recipe(json: recipe))
      result.threads = threads
      // Assets are compared by their bytes and need no plan.
      result.assets.takesFound = false
      result.isRehearsed = false
      result.recordedProcessing = recordedProcessing
      for (component, family) in try options.required("choices").object().members {
        result.choices[component] = try family.string()
      }
      result.settings = try options.required("settings").object().members.map {
        ($0.key, $0.reader.value)
      }
      result.keepsUnused = try options.required("keeps_unused").bool()
      result.allowsNonFinite = try options.required("allows_non_finite").bool()
      result.family = try options.required("family").string()
      result.recordedCalibration = try options.optional("calibration")?.string()
      if let reader = options.optional("seed") {
        guard let seed = UInt64(try reader.string()) else {
          throw reader.failure(
            .bundleRecord, "expected a seed of 64 bits, found \(try reader.string().quoted)")
        }
        result.seed = seed
      }
      return result
    }
  }

  /// The prefixes that were chosen, each with the family of its source.
  var chosenPrefixes: [(family: String, prefix: String)] {
    sources.compactMap { source in source.wrapping.chosen.map { (source.family, $0) } }
  }

  /// The given sources in the order the bundle was made from them.
  ///
  /// - Throws: `verify.sources`.
  func ordered(
    _ given: [ImportedSource], library: ManifestLibrary
  ) throws(WeightsError) -> [ImportedSource] {
    var left = given
    var result: [ImportedSource] = []
    for source in sources {
      guard let position = left.firstIndex(where: { $0.family == source.family }) else {
        throw WeightsError(
          .verifySources, .usage, file: path,
          "was made from a \(source.family.escapedForTerminal) checkpoint, and none of the given "
            + "sources is one: " + given.map(\.path).joined(separator: ", "))
      }
      let found = left.remove(at: position)
      // The bundle holds the config.json that was given.
      if source.isConfigGiven, !found.isConfigGiven, let config = source.config {
        result.append(try found.read(with: (path, config), library: library))
      } else {
        result.append(found)
      }
    }
    if let extra = left.first {
      throw WeightsError(
        .verifySources, .usage, file: extra.path,
        "is a \(extra.family) checkpoint, and \(path.escapedForTerminal) was made from "
          + sources.map(\.family).joined(separator: ", "))
    }
    return result
  }
}

extension BundleRecord.Source {
  fileprivate init(_ reader: JSONReader, _ ledger: JSONReader) throws(WeightsError) {
    let object = try reader.object()
    family = try object.required("family").string()
    naming = try object.required("naming").string()
    wrapping = try NameWrapping(object)
    config = object.optional("config")?.value
    isConfigGiven = try object.optional("config_given")?.bool() ?? false
    files = try object.required("files").array().map { (file) throws(WeightsError) in
      let file = try file.object()
      let metadata = try file.required("metadata")
      return BundleRecord.File(
        name: try file.required("name").string(),
        metadata: metadata.isNull
          ? nil
          : try metadata.object().members.map { (member) throws(WeightsError) in
            (member.key, try member.reader.string())
          })
    }
    try Self.check(files.map(\.name), at: try object.required("files"))
    let fileCount = files.count
    self.ledger = try ledger.array().map { (entry) throws(WeightsError) in
      try BundleRecord.Entry(entry, fileCount: fileCount)
    }
  }
}

extension BundleRecord.Source {
  /// The names are those of files that `export` creates.
  private static func check(_ names: [String], at reader: JSONReader) throws(WeightsError) {
    guard !names.isEmpty else {
      throw reader.failure(.bundleRecord, "expected at least one file, found none")
    }
    if let name = names.first(where: { !$0.isPlainFileName }) {
      throw reader.failure(
        .bundleRecord, "expected plain file names, found \(name.quoted)")
    }
  }
}

extension BundleRecord.Entry {
  fileprivate init(_ reader: JSONReader, fileCount: Int) throws(WeightsError) {
    let object = try reader.object(allowing: [
      "name", "dtype", "shape", "file", "used", "tied", "dropped", "kept", "not_taken",
    ])
    let dimensions = try object.required("shape").array().map { (extent) throws(WeightsError) in
      try extent.integer(in: 0 ... .max)
    }
    guard let dtype = DType(rawValue: try object.required("dtype").string()),
      let shape = Shape(checking: dimensions),
      let info = TensorInfo(
        name: TensorName(try object.required("name").string()), dtype: dtype, shape: shape)
    else { throw reader.failure(.bundleRecord, "expected a known dtype and a shape that fits") }
    self.info = info
    file = try object.required("file").integer(in: 0...fileCount - 1)
    dropped = try object.optional("dropped")?.string()
    notTaken = try object.optional("not_taken")?.string()
    keptAs = try object.optional("kept").map { (name) throws(WeightsError) in
      TensorName(try name.string())
    }
  }
}

extension WeightsError.Code {
  /// The documents of a bundle do not say how it was made, or not as `convert` writes it.
  public static let bundleRecord = Self("bundle.record")
}
