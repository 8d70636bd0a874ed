package routing

// order is a set of items kept sorted by less, each with a need and an age. It
// finds the first item in order whose need is within a limit without walking
// those whose need is not: sessions need room, operators need that little is
// asked of them. It knows how many items come before one, and the smallest age.
//
// It is a treap: a binary search tree that is a heap over pseudo-random ranks,
// so its depth is logarithmic. The ranks come from a fixed sequence, so that a
// run can be replayed. An item's place under less, its need and its age must not
// change while it is in the set.
type order[T any] struct {
	less func(a, b T) bool
	root *node[T]
	free *node[T] // removed nodes, linked by right, for reuse
	seed uint64
	size int
}

type node[T any] struct {
	item        T
	left, right *node[T]
	rank        uint64
	age, oldest int64 // oldest: the smallest age in this subtree
	need, least int   // least: the smallest need in this subtree
	count       int   // the size of this subtree
}

func newOrder[T any](less func(a, b T) bool) order[T] { return order[T]{less: less} }

func (o *order[T]) insert(item T, need int, age int64) {
	n := o.free
	if n == nil {
		n = &node[T]{}
	} else {
		o.free = n.right
	}
	*n = node[T]{item: item, need: need, least: need, age: age, oldest: age, count: 1, rank: o.nextRank()}
	o.root = o.put(o.root, n)
	o.size++
}

// remove takes out the item that is equal under less, and reports whether there
// was one.
func (o *order[T]) remove(item T) bool {
	rest, gone := o.take(o.root, item)
	o.root = rest
	if gone == nil {
		return false
	}
	*gone = node[T]{right: o.free} // lets go of the item
	o.free = gone
	o.size--
	return true
}

// first is the first item in order whose need is at most limit and that ok
// accepts.
func (o *order[T]) first(limit int, ok func(T) bool) (item T, found bool) {
	if n := o.root.first(limit, ok); n != nil {
		return n.item, true
	}
	return item, false
}

// min is the first item in order.
func (o *order[T]) min() (item T, found bool) {
	n := o.root
	if n == nil {
		return item, false
	}
	for n.left != nil {
		n = n.left
	}
	return n.item, true
}

// before counts the items that come before one, which need not be in the set.
func (o *order[T]) before(item T) (n int) {
	for at := o.root; at != nil; {
		if !o.less(at.item, item) {
			at = at.left
			continue
		}
		n++
		if at.left != nil {
			n += at.left.count
		}
		at = at.right
	}
	return n
}

// oldest is the smallest age in the set.
func (o *order[T]) oldest() (age int64, found bool) {
	if o.root == nil {
		return 0, false
	}
	return o.root.oldest, true
}

// older yields the items, in order, whose age is below a limit: a smaller age is of
// longer ago. It walks no part of the set in which there is none.
func (o *order[T]) older(limit int64, yield func(T)) { o.root.older(limit, yield) }

// each yields the items in order, until yield says no. The set must not change
// meanwhile.
func (o *order[T]) each(yield func(T) bool) { o.root.each(yield) }

// within yields the items in order whose need is at most limit, until yield says no.
func (o *order[T]) within(limit int, yield func(T) bool) { o.root.within(limit, yield) }

// nextRank is the next number of the splitmix64 sequence.
// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
func (o *order[T]) nextRank() uint64 {
	o.seed += 0x9e3779b97f4a7c15
	z := o.seed
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (o *order[T]) put(at, n *node[T]) *node[T] {
	if at == nil {
		return n
	}
	if n.rank > at.rank {
		n.left, n.right = o.split(at, n.item)
		n.fix()
		return n
	}
	if o.less(n.item, at.item) {
		at.left = o.put(at.left, n)
	} else {
		at.right = o.put(at.right, n)
	}
	at.fix()
	return at
}

// split parts a tree into the items before item and the others.
func (o *order[T]) split(at *node[T], item T) (before, after *node[T]) {
	if at == nil {
		return nil, nil
	}
	if o.less(at.item, item) {
		at.right, after = o.split(at.right, item)
		at.fix()
		return at, after
	}
	before, at.left = o.split(at.left, item)
	at.fix()
	return before, at
}

func (o *order[T]) take(at *node[T], item T) (rest, gone *node[T]) {
	switch {
	case at == nil:
		return nil, nil
	case o.less(item, at.item):
		at.left, gone = o.take(at.left, item)
	case o.less(at.item, item):
		at.right, gone = o.take(at.right, item)
	default:
		return merge(at.left, at.right), at
	}
	at.fix()
	return at, gone
}

// merge joins two trees; all items of a come before those of b.
func merge[T any](a, b *node[T]) *node[T] {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	case a.rank > b.rank:
		a.right = merge(a.right, b)
		a.fix()
		return a
	default:
		b.left = merge(a, b.left)
		b.fix()
		return b
	}
}

func (n *node[T]) fix() {
	n.least, n.oldest, n.count = n.need, n.age, 1
	if l := n.left; l != nil {
		n.least, n.oldest, n.count = min(n.least, l.least), min(n.oldest, l.oldest), n.count+l.count
	}
	if r := n.right; r != nil {
		n.least, n.oldest, n.count = min(n.least, r.least), min(n.oldest, r.oldest), n.count+r.count
	}
}

func (n *node[T]) within(limit int, yield func(T) bool) bool {
	return n == nil || n.least > limit ||
		n.left.within(limit, yield) && (n.need > limit || yield(n.item)) && n.right.within(limit, yield)
}

func (n *node[T]) first(limit int, ok func(T) bool) *node[T] {
	if n == nil || n.least > limit {
		return nil
	}
	if found := n.left.first(limit, ok); found != nil {
		return found
	}
	if n.need <= limit && ok(n.item) {
		return n
	}
	return n.right.first(limit, ok)
}

func (n *node[T]) older(limit int64, yield func(T)) {
	if n == nil || n.oldest >= limit {
		return
	}
	n.left.older(limit, yield)
	if n.age < limit {
		yield(n.item)
	}
	n.right.older(limit, yield)
}

func (n *node[T]) each(yield func(T) bool) bool {
	return n == nil || n.left.each(yield) && yield(n.item) && n.right.each(yield)
}
