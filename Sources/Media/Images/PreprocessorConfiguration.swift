import DVLADiagnostics
import DVLAJSON

/// The keys of a `preprocessor_config.json` that say what becomes of a picture, honoured or
/// refused. Others are ignored, as upstream does; the account of keys lists them.
///
/// As in transformers 5.24, null is not the same as a key that is left out: a step whose flag is
/// null is not done, and a value that a step needs is missing.
struct PreprocessorConfiguration {
  private let object: JSONObjectReader
  let method: ResizeMethod

  /// Pillow's numbers for its filters.
  private static let filters = ["nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"]

  /// - Parameters:
  ///   - processor: the upstream class, also with `Fast` or `Pil` behind its name.
  ///   - alias: an older name of it.
  init(
    _ config: JSONObject, processor: String, alias: String?,
    backend: PictureBackend
  ) throws(WeightsError) {
    object = try JSONReader(.object(config)).object()
    method = ResizeMethod(backend, try Self.filter(object.optional("resample")))
    guard object.optional("backend") == nil else {
      var error = Self.unsupported(
        "backend", "upstream fails on this key; leave it out and set image_backend instead")
      error.remedies = [.set(keys: ["image_backend"])]
      throw error
    }
    let names = [processor, processor + "Fast", processor + "Pil"] + (alias.map { [$0] } ?? [])
    for key in ["image_processor_type", "feature_extractor_type"] {
      guard let type = try stated(key)?.string(), !names.contains(type) else { continue }
      throw WeightsError(
        .preprocessorUnsupported, "expected \(key) \(processor), found \(type.quoted)")
    }
    if let format = try stated("data_format")?.string(), format != "channels_first" {
      throw unsupported("data_format", "expected channels_first, found \(format.quoted)")
    }
  }

  func unsupported(_ key: String, _ message: String) -> WeightsError {
    Self.unsupported(key, message)
  }

  private static func unsupported(_ key: String, _ message: String) -> WeightsError {
    WeightsError(.preprocessorUnsupported, "\(key): \(message)")
  }

  /// A key that is there, whether or not upstream would look at it.
  private func stated(_ key: String) -> JSONReader? {
    object.optional(key).flatMap { $0.isNull ? nil : $0 }
  }

  /// A key that upstream needs: left out it has the class's default, null it fails.
  private func needed(_ key: String) throws(WeightsError) -> JSONReader? {
    guard let value = object.optional(key) else { return nil }
    guard !value.isNull else {
      throw WeightsError(.preprocessorValue, "\(key): expected a value, found null")
    }
    return value
  }

  /// Whether something is done; upstream accepts 1 and 0 too.
  func flag(_ key: String, default standard: Bool) throws(WeightsError) -> Bool {
    guard let value = object.optional(key) else { return standard }
    if value.isNull { return false }
    return value.value.bool == nil ? try value.integer(in: 0...1) == 1 : try value.bool()
  }

  func integer(_ key: String, in range: ClosedRange<Int>) throws(WeightsError) -> Int? {
    try needed(key)?.integer(in: range)
  }

  var resizes: Bool {
    get throws(WeightsError) {
      let resizes = try flag("do_resize", default: true)
      if resizes { _ = try needed("resample") }
      return resizes
    }
  }

  /// By Pillow's number, or by the name that torchvision has for it.
  private static func filter(
    _ reader: JSONReader?
  ) throws(WeightsError) -> ResizeMethod.Filter {
    guard let reader, !reader.isNull else { return .bicubic }
    let name: String
    if reader.value.string == nil {
      let number = try reader.integer(in: 0...7)
      name = filters.indices.contains(number) ? filters[number] : "number \(number)"
    } else {
      name = try reader.string()
    }
    switch name {
    case "bilinear": return .bilinear
    case "bicubic": return .bicubic
    default:
      throw unsupported("resample", "expected 2 (bilinear) or 3 (bicubic), found \(name)")
    }
  }

  func refuseCentreCrop() throws(WeightsError) {
    if try flag("do_center_crop", default: false) {
      throw unsupported("do_center_crop", "expected false, found true")
    }
  }

  func refusePadding() throws(WeightsError) {
    if try flag("do_pad", default: false) {
      throw unsupported("do_pad", "expected false, found true")
    }
  }

  /// A size that leaves no side open.
  func exactSize(
    _ key: String, integerIsSquare: Bool
  ) throws(WeightsError) -> PixelSize? {
    switch try size(key, integerIsSquare: integerIsSquare) {
    case nil: return nil
    case .exact(let size): return size
    case .shortestEdge:
      throw unsupported(key, "expected height and width, found only the shortest edge")
    case .within: throw unsupported(key, "expected height and width, found the greatest")
    }
  }

  /// A size as an object with `height` and `width`, with `shortest_edge`, or with `max_height` and
  /// `max_width`; as one number; or as a list of height and width.
  ///
  /// - Parameter integerIsSquare: what one number means where `default_to_square` is left out: a
  ///   square, or the length of the shorter side.
  func size(
    _ key: String, integerIsSquare: Bool
  ) throws(WeightsError) -> ResizeRule? {
    guard let value = try needed(key) else { return nil }
    let range = 1...ImageLimits.default.side
    if value.value.array != nil {
      let sides = try value.array()
      guard sides.count == 2 else {
        throw WeightsError(
          .preprocessorValue, "\(key): expected height and width, found \(sides.count) numbers")
      }
      return .exact(
        PixelSize(
          height: try sides[0].integer(in: range), width: try sides[1].integer(in: range)))
    }
    if value.value.object == nil {
      let side = try value.integer(in: range)
      let isSquare =
        key == "size"
        ? try flag("default_to_square", default: integerIsSquare) : integerIsSquare
      return isSquare ? .exact(PixelSize(height: side, width: side)) : .shortestEdge(side)
    }
    let members = try value.object()
    switch Set(members.members.map(\.key)) {
    case ["height", "width"]:
      return .exact(
        PixelSize(
          height: try members.required("height").integer(in: range),
          width: try members.required("width").integer(in: range)))
    case ["max_height", "max_width"]:
      return .within(
        PixelSize(
          height: try members.required("max_height").integer(in: range),
          width: try members.required("max_width").integer(in: range)))
    case ["shortest_edge"]:
      return .shortestEdge(try members.required("shortest_edge").integer(in: range))
    case let keys:
      throw unsupported(
        key,
        "expected height and width, shortest_edge, or max_height and max_width, found "
          + keys.sorted().map(\.quoted).joined(separator: ", "))
    }
  }

  func normalization(
    default standard: PixelNormalization.MeanAndDeviation
  ) throws(WeightsError) -> PixelNormalization {
    let rescales = try flag("do_rescale", default: true)
    let normalizes = try flag("do_normalize", default: true)
    let factor = rescales ? try needed("rescale_factor")?.number() ?? 1.0 / 255 : 1
    let mean = normalizes ? try channels("image_mean") ?? standard.mean : standard.mean
    let deviation =
      normalizes ? try channels("image_std") ?? standard.deviation : standard.deviation
    guard deviation.allSatisfy({ Float($0) > 0 && Float($0).isFinite }) else {
      throw WeightsError(
        .preprocessorValue, "image_std: expected positive deviations, found \(deviation)")
    }
    guard mean.allSatisfy({ Float($0).isFinite }), Float(factor * 255).isFinite,
      Float(1 / factor).isFinite
    else {
      throw WeightsError(
        .preprocessorValue,
        "image_mean, rescale_factor: expected numbers that a float can hold, and no factor 0")
    }
    return PixelNormalization(
      rescaleFactor: rescales ? factor : nil,
      normalizes
        ? PixelNormalization.MeanAndDeviation(mean: mean, deviation: deviation) : nil,
      backend: method.backend)
  }

  /// Three numbers, or one for all three.
  private func channels(_ key: String) throws(WeightsError) -> [Double]? {
    guard let value = try needed(key) else { return nil }
    guard value.value.array != nil else {
      let number = try value.number()
      return [number, number, number]
    }
    var numbers: [Double] = []
    for element in try value.array() { numbers.append(try element.number()) }
    if numbers.count == 1 { return [numbers[0], numbers[0], numbers[0]] }
    guard numbers.count == 3 else {
      throw WeightsError(
        .preprocessorValue, "\(key): expected 3 numbers, found \(numbers.count)")
    }
    return numbers
  }
}
