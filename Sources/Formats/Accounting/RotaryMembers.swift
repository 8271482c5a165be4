import DVLADiagnostics
import DVLAJSON

/// The members of a configuration object for rotary positions: `rope_parameters` of transformers 5,
/// and `rope_theta` and `rope_scaling` of transformers 4. They are reconciled as in transformers
/// 5.24 (`modeling_rope_utils.py`, `convert_rope_params_to_dict`): a `rope_scaling` that is not
/// empty replaces `rope_parameters`; a `rope_theta` inside that object replaces the one beside it;
/// the default is 10000.
///
/// Only unscaled positions (`rope_type` "default") are supported.
struct RotaryMembers {
  /// The base of the rotations.
  let theta: (value: JSONValue, path: String, isStated: Bool)
  private let object: JSONObject
  /// The member that is used; nil where none has content.
  private let source: String?

  private static let members = ["rope_theta", "rope_scaling", "rope_parameters"]
  private static let defaultTheta = JSONValue.number(10_000)

  /// - Parameter place: the document and the path of the object, for messages.
  /// - Throws: `document.setting` for scaled positions and for values of the wrong type.
  init(_ object: JSONObject, at place: String) throws(WeightsError) {
    self.object = object
    var source: String?
    for name in ["rope_scaling", "rope_parameters"] {
      guard let value = object[name], value != .null else { continue }
      guard let inner = value.object else {
        throw WeightsError(
          .documentSetting,
          "\(place)\(name): expected an object or null, found \(KeyEntry.shortened(value))")
      }
      if source == nil, !inner.isEmpty { source = name }
    }
    self.source = source
    let inner = source.flatMap { object[$0]?.object }
    for key in ["rope_type", "type"] {
      guard let type = inner?[key], type != .null else { continue }
      guard type == "default" else {
        throw WeightsError(
          .documentSetting,
          "\(place)\(source ?? "").\(key) is \(KeyEntry.shortened(type)), but only \"default\" is "
            + "supported: positions are not scaled here")
      }
      break
    }
    if let factor = inner?["partial_rotary_factor"], factor != .null, factor.number != 1 {
      throw WeightsError(
        .documentSetting,
        "\(place)\(source ?? "").partial_rotary_factor is \(KeyEntry.shortened(factor)), but only "
          + "1 is supported: every dimension of a head is rotated")
    }
    if let value = inner?["rope_theta"], value != .null {
      theta = (value, (source ?? "") + ".rope_theta", true)
    } else if let value = object["rope_theta"], value != .null {
      theta = (value, "rope_theta", true)
    } else {
      theta = (Self.defaultTheta, "rope_theta", false)
    }
  }

  /// The members that are present, each with what became of it.
  func fates(settingKey key: String) -> [(path: String, value: JSONValue, fate: KeyFate)] {
    var fates: [(path: String, value: JSONValue, fate: KeyFate)] = []
    for name in Self.members {
      guard let value = object[name] else { continue }
      guard name != "rope_theta", let inner = value.object, !inner.isEmpty else {
        let counts = name == theta.path
        fates.append(
          (
            name, value,
            counts ? .used(key) : .neutral("another member says it, or the library's default")
          ))
        continue
      }
      guard name == source else {
        fates.append((name, value, .neutral("\(source ?? "") takes its place")))
        continue
      }
      for (member, value) in inner.members {
        let path = name + "." + member
        switch member {
        case "rope_theta":
          fates.append(
            (path, value, path == theta.path ? .used(key) : .neutral("null says nothing")))
        case "rope_type", "type", "partial_rotary_factor": fates.append((path, value, .fixed))
        default: fates.append((path, value, .unknown))
        }
      }
    }
    return fates
  }
}
