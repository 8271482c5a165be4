import DVLADiagnostics
import DVLAJSON
import DVLATensors

/// What training code is known to add to tensor names, read from `Manifests/wrappers.json`.
struct WrapperTable: Sendable {
  /// A component that a wrapper puts inside names.
  struct Inside: Sendable {
    let component: String
    /// The code that wraps modules so, such as `torch.compile`.
    let by: String
  }

  /// Tensors that training code saves beside a model.
  struct Beside: Sendable {
    let marks: [LookAlike.Mark]
    /// The families that they are saved beside; nil for all.
    let families: [String]?
    let reason: String
  }

  let inside: [Inside]
  let beside: [Beside]
  /// What a component in front of a copy of the weights says about it.
  private let copies: [(component: String, about: String)]

  init(_ reader: JSONReader) throws(WeightsError) {
    let root = try reader.object(allowing: ["schema", "about", "inside", "beside", "copies"])
    inside = try root.required("inside").array().map { (item) throws(WeightsError) in
      let object = try item.object(allowing: ["component", "by"])
      return Inside(
        component: try object.required("component").string(),
        by: try object.required("by").string())
    }
    beside = try root.required("beside").array().map { (item) throws(WeightsError) in
      let object = try item.object(allowing: ["names", "families", "reason"])
      return Beside(
        marks: try object.required("names").array().map { (mark) throws(WeightsError) in
          try LookAlike.Mark(mark)
        },
        families: try object.optional("families")?.strings(),
        reason: try object.required("reason").string())
    }
    copies = try root.required("copies").array().map { (item) throws(WeightsError) in
      let object = try item.object(allowing: ["component", "about"])
      return (try object.required("component").string(), try object.required("about").string())
    }
  }

  /// What is known about the tensors behind a prefix.
  func about(prefix: String) -> String? {
    let parts = prefix.split(separator: ".")
    return copies.first { copy in parts.contains { $0.utf8.elementsEqual(copy.component.utf8) } }?
      .about
  }

  /// What the tensor is; nil unless training code is known to save it beside a model.
  func beside(_ tensor: NamedTensor) -> Beside? {
    beside.first { entry in entry.marks.contains { $0.matches(tensor.bare, tensor.info) } }
  }
}
