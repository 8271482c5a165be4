import DVLADiagnostics
import DVLAHashing
import DVLAJSON

/// `__metadata__` of a file of observations, checked.
struct ObservationMetadata {
  private static let required = [
    "cameras", "data_sha256", "format", "instruction", "source", "version", "versions",
  ]
  private static let optional = ["depth_unit", "noise_seed"]
  private static let answerKey = "answer"

  private let cameras: [String]
  private let instruction: String
  private let source: JSONObject
  private let versions: JSONObject
  private let noiseSeed: UInt64?
  private let depthUnit: RecordedObservation.DepthUnit?
  private let answer: RecordedAnswer.Origin?

  /// The pairs that are written, in the order of their keys.
  ///
  /// - Parameter data: the hash of everything after the header.
  static func strings(
    of observation: RecordedObservation, data: Digest
  ) -> [(key: String, value: String)] {
    var strings = [
      "format": ObservationFile.format,
      "version": observation.answer == nil ? "1" : "2",
      "instruction": observation.instruction,
      "cameras": ObservationJSON.text(.array(observation.cameras.map { .string($0.name) })),
      "source": ObservationJSON.text(.object(observation.source)),
      "versions": ObservationJSON.text(.object(observation.versions)),
      "data_sha256": data.hex,
    ]
    if let seed = observation.noiseSeed { strings["noise_seed"] = String(seed) }
    if let unit = observation.depthUnit { strings["depth_unit"] = unit.rawValue }
    if let answer = observation.answer {
      strings[answerKey] = ObservationJSON.text(.object(answer.origin.json))
    }
    return strings.sorted { $0.key < $1.key }
  }

  /// - Parameter data: everything after the header.
  /// - Throws: `observation.format`, `observation.version`, `observation.metadata`,
  ///   `observation.digest`, `observation.duplicate`, `observation.answer`.
  init(
    _ members: [(key: String, value: String)], data: ArraySlice<UInt8>
  ) throws(WeightsError) {
    func refuse(_ code: WeightsError.Code, _ key: String, _ rule: String) -> WeightsError {
      WeightsError(code, "\(key): \(rule)")
    }
    func value(_ key: String) -> String? {
      members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }
    func found(_ key: String) -> String { value(key)?.quoted ?? "no such key" }
    guard value("format") == ObservationFile.format else {
      throw refuse(
        .observationFormat, "format",
        "expected \(ObservationFile.format), found \(found("format"))")
    }
    guard let version = value("version"), ["1", "2"].contains(version) else {
      throw refuse(.observationVersion, "version", "expected 1 or 2, found \(found("version"))")
    }
    let required = Self.required + (version == "2" ? [Self.answerKey] : [])
    for key in required.sorted() where value(key) == nil {
      throw refuse(.observationMetadata, key, "expected this key")
    }
    for (key, _) in members where !(required + Self.optional).contains(key) {
      throw refuse(.observationMetadata, key.quoted, "expected no such key")
    }
    guard let digest = value("data_sha256"), SHA256.hash(unsafe data.span.bytes).hex == digest
    else {
      throw refuse(
        .observationDigest, "data_sha256", "the data are not those that were written")
    }
    instruction = value("instruction") ?? ""
    cameras = try Self.cameras(value("cameras") ?? "")
    source = try Self.object(value("source") ?? "", "source")
    versions = try Self.object(value("versions") ?? "", "versions")
    noiseSeed = try value("noise_seed").map(Self.seed)
    depthUnit = value("depth_unit").flatMap(RecordedObservation.DepthUnit.init)
    guard depthUnit?.rawValue == value("depth_unit") else {
      let units = RecordedObservation.DepthUnit.allCases.map(\.rawValue).joined(separator: ", ")
      throw refuse(
        .observationMetadata, "depth_unit",
        "expected one of \(units), found \(found("depth_unit"))")
    }
    answer =
      if let text = value(Self.answerKey) {
        try RecordedAnswer.Origin(try Self.object(text, Self.answerKey))
      } else { nil }
  }

  private static func seed(_ text: String) throws(WeightsError) -> UInt64 {
    let isNumber =
      (1...20).contains(text.utf8.count) && text.utf8.allSatisfy { 0x30...0x39 ~= $0 }
      && (text == "0" || text.utf8.first != UInt8(ascii: "0"))
    guard isNumber else {
      throw WeightsError(
        .observationMetadata,
        "noise_seed: expected a number from 0 to 2^64 - 1, found \(text.quoted)")
    }
    guard let seed = UInt64(text) else {
      throw WeightsError(
        .observationNoise, "noise_seed: expected 0 to 2^64 - 1, found \(text)")
    }
    return seed
  }

  private static func cameras(_ text: String) throws(WeightsError) -> [String] {
    let elements = try ObservationJSON.parse(text, key: "cameras").array
    guard let names = elements?.compactMap(\.string), names.count == elements?.count else {
      throw WeightsError(.observationMetadata, "cameras: expected an array of names")
    }
    guard Set(names).count == names.count else {
      throw WeightsError(.observationDuplicate, "cameras: expected every camera once")
    }
    return names
  }

  private static func object(_ text: String, _ key: String) throws(WeightsError) -> JSONObject {
    guard let object = try ObservationJSON.parse(text, key: key).object else {
      throw WeightsError(.observationMetadata, "\(key): expected an object")
    }
    return object
  }

  /// The observation with these metadata and tensors.
  ///
  /// - Throws: `observation.tensor`; as ``RecordedObservation``.
  func observation(
    of tensors: inout StoredTensors
  ) throws(WeightsError) -> RecordedObservation {
    // Before a name of a tensor is made of it.
    if let bad = cameras.first(where: { !$0.isCameraName }) {
      throw WeightsError(
        .observationCamera,
        "\(bad.quoted): expected 1 to 128 of the characters A-Z a-z 0-9 . _ / -")
    }
    var found: [RecordedObservation.Camera] = []
    for name in cameras {
      found.append(
        .init(
          name: name, picture: try tensors.picture(of: name),
          depth: try tensors.floats("depth.\(name)", .observationDepth)))
    }
    let state = try tensors.requiredNumbers("state", .observationState)
    let noise = try tensors.requiredFloats("noise", .observationNoise)
    let demonstrated = try tensors.numbers("actions", .observationActions)
    var answered: RecordedAnswer?
    if let answer {
      let actions = try tensors.requiredNumbers(
        "answer.actions", .observationAnswer, allowsSingle: false)
      let modelActions = try tensors.requiredFloats("answer.model_actions", .observationAnswer)
      var depth: [RecordedAnswer.Depth] = []
      for name in cameras {
        if let values = try tensors.floats("answer.depth.\(name)", .observationAnswer) {
          depth.append(.init(camera: name, values: values))
        }
      }
      answered = RecordedAnswer(
        actions, modelActions: modelActions, depth: depth, origin: answer)
    }
    try tensors.checkEmpty()
    return try RecordedObservation(
      cameras: found, depthUnit: depthUnit, instruction: instruction, state: state, noise: noise,
      noiseSeed: noiseSeed, demonstrated: demonstrated, source: source, versions: versions,
      answer: answered)
  }
}
