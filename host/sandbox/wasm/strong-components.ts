/** Strongly connected components of a directed graph. */
export interface StrongComponents {
  /** Component of each node. Edges between components lead from a higher number to a lower. */
  readonly componentOf: readonly number[];
  /** Nodes of each component. */
  readonly members: readonly (readonly number[])[];
  /** Whether the node lies on a cycle. */
  isCyclic(node: number): boolean;
}

/**
 * Tarjan's algorithm ("Depth-first search and linear graph algorithms", 1972) without recursion, as the graph may be
 * a hostile module's.
 */
export function strongComponents(edges: readonly (readonly number[])[]): StrongComponents {
  const order = new Array<number>(edges.length).fill(-1);
  const low = new Array<number>(edges.length).fill(0);
  const componentOf = new Array<number>(edges.length).fill(-1);
  const members: number[][] = [];
  const pending: number[] = [];
  const path: { readonly node: number; next: number }[] = [];
  let count = 0;
  const enter = (node: number) => {
    order[node] = low[node] = count++;
    pending.push(node);
    path.push({ node, next: 0 });
  };
  const close = (node: number) => {
    const component: number[] = [];
    let member: number;
    do {
      member = pending.pop()!;
      componentOf[member] = members.length;
      component.push(member);
    } while (member !== node);
    members.push(component);
  };
  const leave = (node: number) => {
    path.pop();
    if (low[node] === order[node]) close(node);
    const parent = path.at(-1);
    if (parent !== undefined) low[parent.node] = Math.min(low[parent.node], low[node]);
  };
  for (let root = 0; root < edges.length; root++) {
    if (order[root] < 0) enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const target = edges[top.node][top.next++];
      if (target === undefined) leave(top.node);
      else if (order[target] < 0) enter(target);
      else if (componentOf[target] < 0) low[top.node] = Math.min(low[top.node], order[target]);
    }
  }
  const isCyclic = (node: number) => members[componentOf[node]].length > 1 || edges[node].includes(node);
  return { componentOf, members, isCyclic };
}
