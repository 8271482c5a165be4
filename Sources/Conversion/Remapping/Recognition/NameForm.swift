import DVLADiagnostics
import DVLATensors

extension NameSearch {
  /// The names of a checkpoint, as they are or without the components that wrappers add.
  struct Form {
    let tensors: [NamedTensor]
    let wrapping: NameWrapping

    enum Unwrapped {
      case form(Form)
      case refused(WeightsError)
    }

    func wrapping(behind prefix: [Substring]) -> NameWrapping {
      var result = wrapping
      result.inner = prefix.isEmpty ? "" : prefix.joined(separator: ".") + "."
      return result
    }

    /// The components that all names start with.
    var sharedComponents: [Substring] {
      guard let first = tensors.first else { return [] }
      var shared = first.bare.parts[...]
      for tensor in tensors.dropFirst() where !shared.isEmpty {
        let common = zip(shared, tensor.bare.parts).prefix { $0.utf8.elementsEqual($1.utf8) }.count
        shared = shared.prefix(common)
      }
      return Array(shared)
    }

    /// The names without the components that wrappers add and without the chunk numbers of blocks;
    /// nil where they have neither.
    static func unwrapping(
      _ tensors: [NamedTensor], _ plain: NameWrapping, _ table: WrapperTable
    ) -> Unwrapped? {
      var wrapping = plain
      wrapping.components = table.inside.map(\.component).filter { component in
        tensors.contains { tensor in
          tensor.bare.parts.contains { $0.utf8.elementsEqual(component.utf8) }
        }
      }
      wrapping.hasChunks = tensors.contains { tensor in
        NameWrapping.chunkedBlocks(tensor.bare.parts) != nil
      }
      guard !wrapping.components.isEmpty || wrapping.hasChunks else { return nil }
      if wrapping.hasChunks, let error = chunkProblem(tensors, wrapping) { return .refused(error) }
      let bare = tensors.map {
        NamedTensor($0.info, parts: wrapping.unwrapped($0.bare.parts))
      }
      var owners: [TensorName: TensorName] = [:]
      for tensor in bare {
        let name = TensorName(tensor.bare.parts.joined(separator: "."))
        guard let other = owners.updateValue(tensor.info.name, forKey: name) else { continue }
        return .refused(collision(tensor.info.name, other, name, wrapping, table))
      }
      return .form(Form(tensors: bare, wrapping: wrapping))
    }

    private static func collision(
      _ name: TensorName, _ other: TensorName, _ bare: TensorName, _ wrapping: NameWrapping,
      _ table: WrapperTable
    ) -> WeightsError {
      let wrappers = table.inside.filter { wrapping.components.contains($0.component) }
      let words = wrappers.map { "\(($0.component + ".").quoted) (\($0.by))" }
        .joined(separator: " and ")
      return WeightsError(
        .remapWrapper, tensor: name.string,
        "without \(words.isEmpty ? "the chunk number of its block" : words) its name would be "
          + "\(bare.string.quoted), the same as that of \(other.string.quoted); save the "
          + "state_dict of the module inside the wrapper")
    }

    /// DINOv2's training code keeps blocks in chunks and numbers them continuously, so that a name
    /// without the chunk has the number of the layer. Returns an error where that is not so.
    private static func chunkProblem(
      _ tensors: [NamedTensor], _ wrapping: NameWrapping
    ) -> WeightsError? {
      struct Block: Hashable {
        let place: [Substring]
        let layer: Int
      }
      var chunks: [Block: Int] = [:]
      for tensor in tensors {
        let parts = tensor.bare.parts
        guard let blocks = NameWrapping.chunkedBlocks(parts),
          let chunk = NamePattern.index(parts[blocks + 1]),
          let layer = NamePattern.index(parts[blocks + 2])
        else { continue }
        let block = Block(place: Array(parts[...blocks]), layer: layer)
        let known = chunks.updateValue(chunk, forKey: block) ?? chunk
        guard known == chunk else {
          return refusal(
            tensor, "layer \(layer) is in chunks \(min(known, chunk)) and \(max(known, chunk))")
        }
        if let before = chunks[Block(place: block.place, layer: layer - 1)], before > chunk {
          return refusal(
            tensor,
            "layer \(layer - 1) is in chunk \(before), after chunk \(chunk) with layer \(layer)")
        }
        if let next = chunks[Block(place: block.place, layer: layer + 1)], next < chunk {
          return refusal(
            tensor,
            "layer \(layer + 1) is in chunk \(next), before chunk \(chunk) with layer \(layer)")
        }
      }
      return nil
    }

    private static func refusal(_ tensor: NamedTensor, _ found: String) -> WeightsError {
      WeightsError(
        .remapWrapper, tensor: tensor.info.name.string,
        "blocks named blocks.CHUNK.LAYER must have layers that are numbered continuously, as in "
          + "DINOv2's training code, but \(found); build the model with block_chunks=0 and save it")
    }
  }
}
